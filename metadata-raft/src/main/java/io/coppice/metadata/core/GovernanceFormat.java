package io.coppice.metadata.core;

import static io.coppice.metadata.core.RecordFormat.list;
import static io.coppice.metadata.core.StateFormat.text;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The bytes of projects, policies, keys and the audit log in a snapshot.
final class GovernanceFormat {
    private GovernanceFormat() {}

    static void write(DataOutputStream out, Tables tables) throws IOException {
        list(out, tables.policies.values(), GovernanceFormat::policy);
        list(out, tables.projects.values(), GovernanceFormat::project);
        List<Tables.RunKey> runs = List.copyOf(tables.runs.keys());
        out.writeInt(runs.size());
        for (Tables.RunKey key : runs) {
            Run run = Objects.requireNonNull(tables.runs.get(key));
            text(out, key.policy());
            text(out, key.rule());
            out.writeLong(run.moment());
            out.writeLong(run.upTo());
        }
        List<Long> places = List.copyOf(tables.places.keys());
        out.writeInt(places.size());
        for (long id : places) {
            Tables.Place place = Objects.requireNonNull(tables.places.get(id));
            out.writeLong(id);
            out.writeLong(place.millis());
            text(out, place.policy());
        }
        AuditLog audit = tables.audit;
        out.writeLong(audit.next);
        text(out, audit.before);
        text(out, audit.head);
        out.writeLong(audit.minute);
        list(out, audit.entries.values(), GovernanceFormat::entry);
        List<String> refused = List.copyOf(audit.refusals.keys());
        out.writeInt(refused.size());
        for (String who : refused) {
            text(out, who);
            out.writeInt(Objects.requireNonNull(audit.refusals.get(who)));
        }
    }

    static void read(DataInputStream in, int version, Tables tables) throws IOException {
        list(in, from -> policy(from, version)).forEach(it -> tables.policies.put(it.name(), it));
        list(in, from -> project(from, version)).forEach(it -> tables.projects.put(it.name(), it));
        int runs = StateFormat.count(in, RecordFormat.LIST_MAX);
        for (int i = 0; i < runs; i++) {
            var key = new Tables.RunKey(text(in), text(in));
            tables.runs.put(key, new Run(in.readLong(), in.readLong()));
        }
        int places = StateFormat.count(in, RecordFormat.LIST_MAX);
        for (int i = 0; i < places; i++) {
            tables.place(in.readLong(), new Tables.Place(in.readLong(), text(in)));
        }
        AuditLog audit = tables.audit;
        audit.next = in.readLong();
        audit.before = text(in);
        audit.head = text(in);
        audit.minute = in.readLong();
        list(in, GovernanceFormat::entry).forEach(audit::keep);
        int refused = StateFormat.count(in, RecordFormat.LIST_MAX);
        for (int i = 0; i < refused; i++) {
            audit.refusals.put(text(in), in.readInt());
        }
    }

    static void terms(DataOutputStream out, Terms terms) throws IOException {
        text(out, terms.project());
        text(out, terms.owner());
        out.writeBoolean(terms.guarded());
        out.writeBoolean(terms.confined());
        text(out, terms.policy());
        out.writeLong(terms.usedMillis());
        out.writeLong(terms.warnedMillis());
        out.writeLong(terms.archivedMillis());
    }

    static Terms terms(DataInputStream in) throws IOException {
        return new Terms(
                text(in),
                text(in),
                in.readBoolean(),
                in.readBoolean(),
                text(in),
                in.readLong(),
                in.readLong(),
                in.readLong());
    }

    static void key(DataOutputStream out, @Nullable VolumeKey key) throws IOException {
        out.writeBoolean(key != null);
        if (key != null) {
            text(out, key.id());
            text(out, key.name());
            text(out, key.wrappedBy());
            text(out, key.wrapped());
        }
    }

    static @Nullable VolumeKey key(DataInputStream in) throws IOException {
        return in.readBoolean() ? new VolumeKey(text(in), text(in), text(in), text(in)) : null;
    }

    static void policy(DataOutputStream out, Policy policy) throws IOException {
        text(out, policy.name());
        list(
                out,
                policy.rules(),
                (to, rule) -> {
                    text(to, rule.name());
                    to.writeLong(rule.everyMillis());
                    to.writeLong(rule.offsetMillis());
                    to.writeInt(rule.keep());
                });
        out.writeLong(policy.idleMillis());
        out.writeLong(policy.warnMillis());
        out.writeByte(policy.idleEnd().ordinal());
        out.writeLong(policy.ttlMaxMillis());
        out.writeInt(policy.divergencePercent());
    }

    static Policy policy(DataInputStream in, int version) throws IOException {
        return new Policy(
                text(in),
                list(
                        in,
                        from ->
                                new Policy.Rule(
                                        text(from),
                                        from.readLong(),
                                        from.readLong(),
                                        from.readInt())),
                in.readLong(),
                in.readLong(),
                Policy.IdleEnd.values()[in.readByte()],
                in.readLong(),
                version >= 5 ? in.readInt() : 0);
    }

    static void project(DataOutputStream out, Project project) throws IOException {
        text(out, project.name());
        text(out, project.policy());
        Quota quota = project.quota();
        out.writeLong(quota.provisionedBytes());
        out.writeInt(quota.clones());
        out.writeInt(quota.clonesPerSource());
        out.writeLong(project.createdMillis());
        out.writeLong(quota.ownBytes());
    }

    static Project project(DataInputStream in, int version) throws IOException {
        String name = text(in);
        String policy = text(in);
        long provisioned = in.readLong();
        int clones = in.readInt();
        int perSource = in.readInt();
        long created = in.readLong();
        long own = version >= 5 ? in.readLong() : 0;
        return new Project(name, policy, new Quota(provisioned, clones, perSource, own), created);
    }

    private static void entry(DataOutputStream out, AuditEntry entry) throws IOException {
        out.writeLong(entry.number());
        out.writeLong(entry.millis());
        text(out, entry.principal());
        text(out, entry.from());
        text(out, entry.action());
        text(out, entry.target());
        text(out, entry.detail());
        text(out, entry.refusal());
        text(out, entry.hash());
    }

    private static AuditEntry entry(DataInputStream in) throws IOException {
        return new AuditEntry(
                in.readLong(),
                in.readLong(),
                text(in),
                text(in),
                text(in),
                text(in),
                text(in),
                text(in),
                text(in));
    }
}
