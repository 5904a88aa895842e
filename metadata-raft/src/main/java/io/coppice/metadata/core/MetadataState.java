package io.coppice.metadata.core;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The replicated state machine. Used by one thread at a time; only captures leave it.
public final class MetadataState {
    private final Tables tables;
    private final ChunkMaps maps;
    private final VolumeCommands volumes;
    private final SessionCommands sessions;
    private final NodeCommands nodes;
    private final RepairCommands members;
    private final VersionCommands versions;
    private final KeyCommands keys;
    private final PolicyCommands policies;
    private final Lifecycle lifecycle;
    private final Accounting accounting;
    private final IdentityCommands identities;
    private final Access access;
    private final PrincipalCommands principals;
    private final MetadataView view;

    /// The state of a cluster that is not initialised.
    public MetadataState() {
        this(new Tables(new CaptureGate()));
    }

    private MetadataState(Tables tables) {
        this.tables = tables;
        this.maps = new ChunkMaps(tables.nodes, tables.counts, tables.purges, tables.reap);
        this.versions = new VersionCommands(tables, maps);
        this.volumes = new VolumeCommands(tables, maps, versions);
        this.keys = new KeyCommands(tables, volumes);
        this.policies = new PolicyCommands(tables);
        this.lifecycle = new Lifecycle(tables, volumes, versions);
        this.accounting = new Accounting(tables);
        this.identities = new IdentityCommands(tables);
        this.access = new Access(tables);
        this.principals = new PrincipalCommands(tables, volumes, access);
        this.sessions = new SessionCommands(tables, maps);
        this.nodes = new NodeCommands(tables);
        this.members = new RepairCommands(tables);
        this.view = new TablesView(tables);
    }

    /// Does one command, or says why not. Total and deterministic: the same commands in the same
    /// order give the same outcomes and the same state everywhere. A command that was answered
    /// before gets that answer and changes nothing. What somebody has no right to is refused,
    /// however short a time ago he had it.
    public Outcome apply(Stamped stamped) {
        Outcome.Refused foreign = access.refusal(stamped.caller(), stamped.session());
        if (foreign != null) {
            // Its answers are another's: they are neither told nor mixed with this one.
            tell(stamped, Deed.of(stamped, view), foreign);
            return foreign;
        }
        Outcome known = remembered(stamped.session(), stamped.sequence());
        if (known != null) {
            return known;
        }
        Deed deed = Deed.of(stamped, view);
        Outcome.Refused refused = Needs.refusal(tables, stamped.caller(), stamped.command());
        Outcome outcome = refused == null ? decide(stamped) : refused;
        if (refused != null) {
            tell(stamped, deed, refused);
        } else if (deed != null && tables.governs()) {
            deed.record(stamped, outcome, tables.audit);
        }
        if (stamped.session() != 0) {
            tables.outcomes.remember(stamped, outcome);
        }
        return outcome;
    }

    /// Who had no right to something is told of, whatever it was.
    private void tell(Stamped stamped, @Nullable Deed deed, Outcome.Refused refused) {
        if (tables.governs()) {
            Deed told = deed == null ? Deed.unusual(stamped.command()) : deed;
            told.record(stamped, refused, tables.audit);
        }
    }

    private Outcome decide(Stamped stamped) {
        // 0 means "never" in records, so no moment is 0.
        long now = Math.max(1, stamped.wallMillis());
        long session = stamped.session();
        if (stamped.command() instanceof Command.OfCluster && !tables.governs()) {
            return tables.config == null ? Refusals.notInitialized() : Refusals.upgrading();
        }
        if (stamped.command() instanceof Command.OfFormat2 && !tables.understands(2)) {
            return tables.config == null ? Refusals.notInitialized() : Refusals.upgrading();
        }
        return switch (stamped.command()) {
            case Command.InitializeCluster it -> founded(nodes.initialize(it), now);
            case Command.RaiseFormat it -> raiseFormat(it, now);
            case Command.CreateVolume it -> owned(stamped, volumes.create(it, owner(stamped), now));
            case Command.DeleteVolume it -> volumes.delete(it, now);
            case Command.RestoreVolume it -> volumes.restore(it, now);
            case Command.ResizeVolume it -> volumes.resize(it);
            case Command.RenameVolume it -> volumes.rename(it);
            case Command.ChangeVolume it -> principals.moved(volumes.change(it, now), now);
            case Command.CreateSnapshots it -> versions.snapshot(it, now);
            case Command.DeleteSnapshot it -> versions.deleteSnapshot(it, now);
            case Command.ChangeSnapshot it -> versions.change(it, now);
            case Command.RollbackVolume it -> versions.rollback(it);
            case Command.ResetVolume it -> versions.reset(it, now);
            case Command.SwapVolumes it -> versions.swap(it);
            case Command.CreateClones it ->
                    owned(stamped, volumes.cloneVolume(it, owner(stamped), now));
            case Command.RekeyVolume it -> keys.rekey(it);
            case Command.EraseKey it -> keys.erase(it);
            case Command.RaiseGeneration it -> versions.raiseGeneration(it);
            case Command.PutPolicy it -> policies.put(it, now);
            case Command.DeletePolicy it -> policies.delete(it);
            case Command.PutProject it -> policies.put(it, now);
            case Command.PutQuota it -> policies.put(it, now);
            case Command.DeleteProject it -> policies.delete(it);
            case Command.CreatePrincipal it -> principals.create(it, now);
            case Command.DeletePrincipal it -> principals.delete(it, now);
            case Command.RenamePrincipal it -> principals.rename(it, now);
            case Command.ChangeTeam it -> principals.change(it, now);
            case Command.ChangeGrant it -> principals.change(it, now);
            case Command.RotateAccessKey it -> rotate(it);
            case Command.Note it -> {
                tables.audit.note(it, now);
                yield Outcome.Nothing.INSTANCE;
            }
            case Command.RevokeCertificate it -> identities.revoke(it, now);
            case Command.OpenSession it -> sessions.open(it, access.idOf(stamped.caller()), now);
            case Command.CloseSession it -> sessions.close(it, now);
            case Command.Attach it -> sessions.attach(it, session, now);
            case Command.Detach it -> sessions.detach(it, session, now);
            case Command.BreakAttachment it -> sessions.breakAttachment(it, volumes, now);
            case Command.LeaseChunkIds it -> sessions.lease(it, session);
            case Command.Flip it -> sessions.flip(it, session);
            case Command.AbandonChunks it -> sessions.abandon(it, session);
            case Command.RegisterNode it -> nodes.register(it, now);
            case Command.NodeLost it -> nodes.lost(it, now);
            case Command.ReplicaSynced it -> nodes.synced(it, now);
            case Command.ReplicaFailed it -> nodes.failed(it);
            case Command.ElectLast it -> nodes.electLast(it);
            case Command.MovePrimary it -> nodes.movePrimary(it);
            case Command.AddReplica it -> members.add(it);
            case Command.DropReplica it -> members.drop(it);
            case Command.DrainNode it -> members.drain(it);
            case Command.RemoveNode it -> members.remove(it, now);
            case Command.ChunksPurged it -> purged(it);
            case Command.ReapStep it -> {
                int released = maps.reapStep(Math.max(0, it.nodes()));
                yield new Outcome.Stepped(released, !tables.reap.isEmpty());
            }
            case Command.RunDue it -> lifecycle.run(it, now);
            case Command.PurgeTrash it -> lifecycle.purge(it, now);
            case Command.RecordUsage it -> accounting.record(it, now);
        };
    }

    private String owner(Stamped stamped) {
        return tables.governs() ? stamped.principal() : "";
    }

    private Outcome owned(Stamped stamped, Outcome outcome) {
        List<Volume> made =
                switch (outcome) {
                    case Outcome.Volumes done -> done.volumes();
                    case Outcome.Clones done -> done.clones();
                    default -> List.of();
                };
        principals.own(access.idOf(stamped.caller()), made);
        return outcome;
    }

    private Outcome founded(Outcome outcome, long now) {
        if (tables.understands(2)) {
            principals.found(now);
        }
        return outcome;
    }

    /// From here on every server of the quorum understands it.
    private Outcome raiseFormat(Command.RaiseFormat command, long now) {
        ClusterConfig config = tables.config;
        if (config == null) {
            return Refusals.notInitialized();
        }
        if (command.format() > config.format()) {
            tables.config = config.withFormat(command.format());
            if (config.format() == 0) {
                tables.usedSince = now;
            }
        }
        return founded(Outcome.Nothing.INSTANCE, now);
    }

    private Outcome rotate(Command.RotateAccessKey command) {
        ClusterConfig config = tables.config;
        if (config == null || config.format() < ClusterConfig.WITH_ACCESS_KEYS) {
            return Refusals.upgrading();
        }
        if (command.key().number() != tables.accessKeys.newest() + 1) {
            return Refusals.refuse(Refusal.STALE, "the access key was changed a moment ago");
        }
        tables.accessKeys = tables.accessKeys.with(command.key());
        return Outcome.Nothing.INSTANCE;
    }

    private Outcome purged(Command.ChunksPurged command) {
        if (command.group() >= 0) {
            tables.purges.removeAll(command.group(), command.chunks());
        }
        return Outcome.Nothing.INSTANCE;
    }

    /// The outcome of an earlier attempt at this command, without applying anything; null: none is
    /// known.
    public @Nullable Outcome remembered(long session, long sequence) {
        return session == 0 ? null : tables.outcomes.recall(session, sequence);
    }

    /// Reads the live state. Only between commands, by whoever keeps `apply` out meanwhile.
    public MetadataView view() {
        return view;
    }

    /// Freezes the state as it is now. Called by the applying thread; the capture may then be used
    /// by another while commands go on.
    public MetadataCapture capture() {
        return FrozenTables.of(tables);
    }

    /// Reads what [MetadataCapture#writeTo] wrote. Reads ahead: nothing else should follow in `in`.
    ///
    /// @throws IOException also when the bytes are damaged or of a newer version; one line says
    ///   what
    public static MetadataState load(InputStream in) throws IOException {
        return new MetadataState(StateReader.read(in));
    }
}
