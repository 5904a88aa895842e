package io.coppice.metadata.core;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Principals, and what is given to them: a part of [Tables], live or frozen.
final class RightsTables {
    private static final int MANY = 1024;
    private static final int FEW = 64;

    /// Who has been given something on a scope.
    record GrantKey(Grant.Scope scope, long principal) implements Comparable<GrantKey> {
        @Override
        public int compareTo(GrantKey other) {
            int byScope = scope.compareTo(other.scope);
            return byScope != 0 ? byScope : Long.compare(principal, other.principal);
        }
    }

    /// Of the next principal.
    long nextId = 1;

    final ShardedMap<Long, Principal> principals;

    /// None of them is empty; those on one scope are together.
    final ShardedMap<GrantKey, Rights> grants;

    /// Derived from the principals.
    final ShardedMap<String, Long> names;

    RightsTables(CaptureGate gate) {
        principals = new ShardedMap<>(gate, FEW, Long::intValue);
        grants = new ShardedMap<>(gate, MANY, key -> key.scope.hashCode());
        names = new ShardedMap<>(gate, FEW, String::hashCode);
    }

    private RightsTables(RightsTables live) {
        nextId = live.nextId;
        principals = live.principals.freeze();
        grants = live.grants.freeze();
        names = live.names.freeze();
    }

    RightsTables freeze() {
        return new RightsTables(this);
    }

    @Nullable Principal principal(String name) {
        Long id = names.get(name);
        return id == null ? null : principals.get(id);
    }

    void put(Principal principal) {
        principals.put(principal.id(), principal);
        names.put(principal.name(), principal.id());
    }

    /// Before it gets another one.
    void removeName(Principal principal) {
        names.remove(principal.name());
    }

    /// With all that was given to it.
    void remove(Principal principal) {
        removeName(principal);
        principals.remove(principal.id());
        var given = new ArrayList<GrantKey>();
        grants.forEach((key, _) -> {
            if (key.principal == principal.id()) {
                given.add(key);
            }
        });
        given.forEach(grants::remove);
    }

    /// In the order of who has them.
    List<GrantKey> grantsOn(Grant.Scope scope) {
        var first = new GrantKey(scope, Long.MIN_VALUE);
        var last = new GrantKey(scope, Long.MAX_VALUE);
        return List.copyOf(grants.shardOf(first).subMap(first, last).keySet());
    }

    void dropGrants(Grant.Scope scope) {
        grantsOn(scope).forEach(grants::remove);
    }
}
