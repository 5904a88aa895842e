package io.coppice.metadata.core;

import java.util.Comparator;

/// Somebody has rights on something.
///
/// @param principal id of who has them
public record Grant(Scope scope, long principal, Rights rights) {

    /// What rights are given on: the cluster, and so everything in it, a project with all its
    /// volumes, or one volume.
    ///
    /// @param project empty: it is no project
    /// @param volume 0: it is no volume
    public record Scope(String project, long volume) implements Comparable<Scope> {
        public static final Scope CLUSTER = new Scope("", 0);

        private static final Comparator<Scope> ORDER =
                Comparator.comparing(Scope::project).thenComparing(Scope::volume);

        public static Scope ofProject(String name) {
            return new Scope(name.isEmpty() ? Terms.PROJECT : name, 0);
        }

        public static Scope ofVolume(long id) {
            return new Scope("", id);
        }

        @Override
        public int compareTo(Scope other) {
            return ORDER.compare(this, other);
        }
    }
}
