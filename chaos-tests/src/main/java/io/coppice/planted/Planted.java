package io.coppice.planted;

import java.util.List;

/// A bug that the simulator must find: one change of one source file. A checker that never fails
/// proves nothing.
///
/// @param name what the bug does
/// @param rules what it breaks
/// @param file from the root of the repository
/// @param code stands in the file exactly once
/// @param bug stands there instead
/// @param within the build finds it within so many seeds, from the first one on; 0: rarer, it is
///   searched by `./coppice sim --bugs` only
public record Planted(String name, String rules, String file, String code, String bug, int within) {
    private static final String REPLICA = "storage-node/src/main/java/io/coppice/node/replica/";
    private static final String LANE = "storage-node/src/main/java/io/coppice/node/lane/";
    private static final String STORE = "storage-node/src/main/java/io/coppice/node/store/";
    private static final String CORE = "metadata-raft/src/main/java/io/coppice/metadata/core/";
    private static final String SERVER = "metadata-raft/src/main/java/io/coppice/metadata/server/";
    private static final String CLIENT = "client/src/main/java/io/coppice/client/";

    public static final List<Planted> ALL =
            List.of(
                    new Planted(
                            "acknowledge before the backups have appended",
                            "R2",
                            REPLICA + "Primary.java",
                            "appendedByAll = Math.min(appendedByAll, link.serving ? link.acked :"
                                    + " link.synced);",
                            "appendedByAll = Math.min(appendedByAll, Long.MAX_VALUE);",
                            100),
                    new Planted(
                            "change a group without a new epoch",
                            "R1",
                            CORE + "Membership.java",
                            "same ? group.epoch() : group.epoch() + 1,",
                            "same || group.epoch() % 3 == 0 ? group.epoch() : group.epoch() + 1,",
                            100),
                    new Planted(
                            "serve after the lease",
                            "R5",
                            LANE + "Lane.java",
                            "return parts.lease().holds(nowNanos);",
                            "return true;",
                            0),
                    new Planted(
                            "replace a primary whose lease still runs",
                            "R5",
                            SERVER + "NodeSessions.java",
                            "boolean leaseIsOver = leaseIsOver(node, now);",
                            "boolean leaseIsOver = true; timeoutNanos = 100_000_000;",
                            100),
                    new Planted(
                            "commit a cut before its seal has passed",
                            "R8",
                            SERVER + "Cuts.java",
                            "                                done,\n"
                                    + "                               "
                                    + " leadership.config().timeouts().barrier().toMillis(),",
                            "                               "
                                    + " CompletableFuture.<Void>completedFuture(null),\n"
                                    + "                               "
                                    + " leadership.config().timeouts().barrier().toMillis(),",
                            0),
                    new Planted(
                            "write in place in a sealed generation",
                            "R8",
                            REPLICA + "VolumeBarriers.java",
                            "return origin.generation() <= entry.sealedGeneration ? Outcome.SEALED"
                                    + " : Outcome.OK;",
                            "return Outcome.OK;",
                            0),
                    new Planted(
                            "take for granted that the backups hold what a new primary holds",
                            "R6",
                            REPLICA + "Primary.java",
                            "links.forEach(link -> link.reconciled = !link.serving);",
                            "links.forEach(link -> { link.reconciled = true; link.acked ="
                                    + " replica.last(); link.sent = replica.last(); });",
                            0),
                    new Planted(
                            "start an attachment without waiting for its fence",
                            "R9",
                            SERVER + "ClientSession.java",
                            "return attached.barrier()",
                            "return attached.volume().id() < 0",
                            0),
                    new Planted(
                            "give a volume away while its client may read by itself",
                            "R9",
                            SERVER + "ClientSessions.java",
                            "return awayNanos(id, leadership.time().nanos()) > patienceNanos();",
                            "return awayNanos(id, leadership.time().nanos()) > 0;",
                            0),
                    new Planted(
                            "read by oneself after the lease",
                            "R9",
                            CLIENT + "RemoteDevice.java",
                            "return confirmed && client.session().holdsLease();",
                            "return true;",
                            0),
                    new Planted(
                            "take every chunk for sealed",
                            "R4",
                            CLIENT + "plan/DevicePlan.java",
                            "op.sealed = !op.ownedSlot && port.holdsLease();",
                            "op.sealed = true;",
                            100),
                    new Planted(
                            "let a client write that was taken over from",
                            "R9",
                            REPLICA + "VolumeBarriers.java",
                            "if (origin.fence() < minFence(entry)) {",
                            "if (origin.fence() < 0) {",
                            0),
                    new Planted(
                            "let a client read that was taken over from",
                            "R4 R9",
                            LANE + "LaneFrames.java",
                            "lane.barriers().isFenced(header.getVolume(), header.getFence())",
                            "header.getVolume() < 0",
                            0),
                    new Planted(
                            "give out chunk ids twice",
                            "ids are never reused",
                            CORE + "SessionCommands.java",
                            "tables.groups.put(id, group.leased(command.count()));",
                            "tables.groups.put(id, group.leased(command.count() - 1));",
                            100),
                    new Planted(
                            "lose a refcount when a map node is copied",
                            "refcounts",
                            CORE + "ChunkMaps.java",
                            "                counts.increment(value);",
                            "                if (value % 7 != 0) counts.increment(value);",
                            100),
                    new Planted(
                            "own what a sealed generation wrote",
                            "R8",
                            CLIENT + "plan/MapCache.java",
                            "return generation == presentGeneration && (owned",
                            "return (owned",
                            // Nodes refuse it: write tags name the generation.
                            0),
                    new Planted(
                            "acknowledge a first write before its flip",
                            "R8 R9",
                            CLIENT + "plan/DevicePlan.java",
                            "        derivation.applied.add(op);\n        if (derivation.stage ==",
                            "        derivation.applied.add(op);\n        ops.giveUp(op, null);\n"
                                    + "        if (derivation.stage ==",
                            100),
                    new Planted(
                            "resume a session that has ended",
                            "nothing leaks",
                            CORE + "SessionCommands.java",
                            "if (command.resume()) {",
                            "if (now < 0) {",
                            100),
                    new Planted(
                            "let a restarted process serve on its word",
                            "R7",
                            CORE + "NodeCommands.java",
                            "boolean restarted = present != null && present.incarnation() !="
                                    + " command.incarnation();",
                            "boolean restarted = false;",
                            0),
                    new Planted(
                            "elect the shortest of the last",
                            "R7",
                            CORE + "Membership.java",
                            "        return replica.shaken() == than.shaken()\n"
                                    + "                ? replica.position()"
                                    + ".compareTo(than.position()) > 0\n"
                                    + "                : than.shaken();",
                            "        return replica.position().compareTo(than.position()) < 0;",
                            0),
                    new Planted(
                            "answer a sync that did not happen",
                            "flush",
                            STORE + "SyncGate.java",
                            "part.file().sync();",
                            "part.file().size();",
                            100),
                    new Planted(
                            "answer FUA before it is durable",
                            "flush",
                            REPLICA + "GroupReplica.java",
                            "return operation.origin().fua()\n",
                            "return operation.sequence() < 0\n",
                            100),
                    new Planted(
                            "flush the primary only",
                            "flush",
                            CLIENT + "Flushes.java",
                            "for (String address : group.serving()) {",
                            "for (String address :"
                                    + " java.util.List.of(java.util.Objects.requireNonNull(group.primary())))"
                                    + " {",
                            0),
                    new Planted(
                            "forget which groups were written to since the last flush",
                            "flush",
                            CLIENT + "Flushes.java",
                            "        dirty.add(group, epoch);",
                            "        dirty.remove(group);",
                            0),
                    new Planted(
                            "flush after a blackout as if nothing were lost",
                            "flush",
                            CLIENT + "Flushes.java",
                            "group.lossEpoch() > left.since(id)",
                            "group.lossEpoch() < 0",
                            0),
                    new Planted(
                            "apply a retried request again",
                            "R13",
                            REPLICA + "Primary.java",
                            "case SEEN -> joinSeen(ticket, origin);",
                            "case SEEN -> { return false; }",
                            0),
                    new Planted(
                            "show a write that is not acknowledged",
                            "R4",
                            REPLICA + "Primary.java",
                            "} else if (pending.isClear(chunk, block, blockCount)) {",
                            "} else if (blockCount > 0) {",
                            0),
                    new Planted(
                            "finish writes while too few serve",
                            "R1 R2",
                            REPLICA + "Primary.java",
                            "        if (!reconciled || !enoughReplicas) {\n            return;\n"
                                    + "        }\n        long appendedByAll",
                            "        if (!reconciled) {\n            return;\n"
                                    + "        }\n        long appendedByAll",
                            0),
                    new Planted(
                            "do not count a member that said it is ready",
                            "R2 R7",
                            REPLICA + "Primary.java",
                            "            if (link.holdsTail()) {\n                appendedByAll",
                            "            if (link.serving) {\n                appendedByAll",
                            0),
                    new Planted(
                            "keep what follows a hole in the log",
                            "R3",
                            STORE + "Replay.java",
                            "(next.location < durable || !next.isDamage())",
                            "(next.location < Long.MAX_VALUE || !next.isDamage())",
                            0),
                    new Planted(
                            "catch up without looking at versions",
                            "R7",
                            REPLICA + "Syncing.java",
                            "|| !index.version(summary.chunk()).equals(summary.version())) {",
                            "|| index.version(summary.chunk()).sequence() < 0) {",
                            100),
                    new Planted(
                            "drop what comes for a chunk that is being fetched",
                            "R7",
                            REPLICA + "Syncing.java",
                            "if (!waiting.fetching || waiting.overflowed || waiting.purged) {",
                            "if (waiting.chunk != 0) {",
                            0),
                    new Planted(
                            "answer a damaged block with a checksum made to fit",
                            "R10",
                            STORE + "BlockReader.java",
                            "if (whole && checksum(scratch, RecordHeader.SMALL_BYTES) =="
                                    + " crcs[crcAt]) {",
                            "if (whole) {\n            crcs[crcAt] = checksum(scratch,"
                                    + " RecordHeader.SMALL_BYTES);",
                            0));
}
