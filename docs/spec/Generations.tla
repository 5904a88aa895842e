----------------------------- MODULE Generations -----------------------------
(***************************************************************************)
(* Volumes, a snapshot and a clone; generations, seals (R8) and fences     *)
(* (R9); chunk ids leased to sessions, copy-on-write by derive and flip,   *)
(* reference counts, purge lists. docs/specification.md says what is       *)
(* modelled, within which bounds, and what is not.                         *)
(*                                                                         *)
(* The quorum is atomic. The replica group is what ReplicaGroup.tla makes  *)
(* of it: one primary that applies a write when it finishes it, and does   *)
(* not lose it. A volume has one slot; every rule here is per slot.        *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS
    Clients,     \* sessions; a client that comes back is another one
    WritesMax,   \* per client
    IdsMax,      \* chunk ids that the group has
    SilentMax,   \* clients that crash, or are paused and wake up unaware
    CutsMax,     \* snapshots and clones
    LostMax,     \* purges lost on their way, cuts that die between seal and commit
    Bug

Volumes == 1..2      \* 1 is there from the start, 2 is its clone
Ids == 1..IdsMax     \* 0: no chunk
Nobody == "nobody"
Symmetry == Permutations(Clients)

VARIABLES
    \* the quorum
    vol,      \* [here, gen, leaf, fence, holder, attached, loose]
    snap,     \* the snapshot of volume 1: [here, leaf]
    lease,    \* unused ids of each session
    used,     \* ids that were leased, the next is the least that was not
    count,    \* references to each chunk
    purge,    \* chunks to be purged
    open,     \* sessions
    silent,   \* sessions whose client was not heard of for long
    cut,      \* a cut under way: [what, gen]
    closing,  \* sessions about to be closed: nodes have their fences
    \* the primary
    chunks,   \* which are there
    content,  \* writes in each
    seal,     \* highest sealed generation of each volume
    fenced,   \* lowest fence token of each volume that is let in
    asked,    \* purges on their way to it
    \* the clients
    at,       \* [pc, v, gen, fence, leaf, n, id]
    msg,      \* the write of each client that is under way, also of a dead one
    acked,    \* acknowledged writes by volume
    \* what was promised
    snapWas,  \* what the snapshot held when it was taken
    cloneWas, \* what a clone started with
    before,   \* what was acknowledged when the cut began
    begun,    \* highest fence token with which a client was told to begin
    bad,      \* names of promises that a step broke
    cuts, lost

quorumVars == <<vol, snap, lease, used, count, purge, open, silent, cut, closing>>
nodeVars == <<chunks, content, seal, fenced, asked>>
clientVars == <<at, msg, acked>>
ghosts == <<snapWas, cloneWas, before, begun, bad, cuts, lost>>
vars == <<quorumVars, nodeVars, clientVars, ghosts>>

NoLeaf == [c |-> 0, o |-> 0, g |-> 0]
NoMsg == [st |-> "none"]
NoCut == [what |-> "none", gen |-> 0]
Held(c) == IF c = 0 THEN {} ELSE content[c]
Max(x, y) == IF x > y THEN x ELSE y

Init ==
    /\ vol = [v \in Volumes |-> [here |-> v = 1, gen |-> 1, leaf |-> NoLeaf, fence |-> 0,
                                 holder |-> Nobody, attached |-> FALSE, loose |-> FALSE]]
    /\ snap = [here |-> FALSE, leaf |-> NoLeaf]
    /\ lease = [c \in Clients |-> {}]
    /\ used = 0
    /\ count = [i \in Ids |-> 0]
    /\ purge = {}
    /\ open = Clients
    /\ silent = {}
    /\ cut = NoCut
    /\ closing = {}
    /\ chunks = {}
    /\ content = [i \in Ids |-> {}]
    /\ seal = [v \in Volumes |-> 0]
    /\ fenced = [v \in Volumes |-> 0]
    /\ asked = {}
    /\ at = [c \in Clients |-> [pc |-> "out", v |-> 0, gen |-> 0, fence |-> 0,
                                leaf |-> NoLeaf, n |-> 0, id |-> 0]]
    /\ msg = [c \in Clients |-> NoMsg]
    /\ acked = [v \in Volumes |-> {}]
    /\ snapWas = {}
    /\ cloneWas = {}
    /\ before = {}
    /\ begun = [v \in Volumes |-> 0]
    /\ bad = {}
    /\ cuts = 0
    /\ lost = 0

-----------------------------------------------------------------------------
(* Reference counts: ChunkMaps, ChunkCounts *)

\* `more` slots name chunk m, and one slot less names chunk l.
Shared(m) == IF m = 0 \/ Bug = "shareUncounted" THEN count ELSE [count EXCEPT ![m] = @ + 1]
Released(counts, S) ==
    [i \in Ids |-> counts[i] - Cardinality({x \in S : x.leaf.c = i})]
Empty(before0, counts) == {i \in Ids : before0[i] > 0 /\ counts[i] = 0}

-----------------------------------------------------------------------------
(* Attaching and taking over: SessionCommands.attach, ClientSession.attach *)

Unfinished(v) == \E c \in Clients : msg[c].st = "accepted" /\ msg[c].v = v

\* From a free volume, or from a client that was silent for long. Whose end nobody vouches for is
\* fenced first.
Attach(c, v) ==
    LET w == vol[v]
        barrier == (w.holder # Nobody \/ w.loose) /\ Bug # "forgetFence"
        fence == w.fence + 1
    IN /\ c \in open \ closing /\ at[c].pc = "out"
       /\ w.here /\ cut = NoCut
       /\ w.holder = Nobody \/ w.holder \in silent
       /\ vol' = [vol EXCEPT ![v] = [@ EXCEPT !.fence = fence, !.holder = c, !.attached = TRUE,
                                              !.loose = FALSE]]
       /\ at' = [at EXCEPT ![c] = [@ EXCEPT !.pc = IF barrier THEN "wait" ELSE "begin", !.v = v,
                                            !.gen = w.gen, !.fence = fence]]
       /\ IF barrier
          THEN /\ fenced' = [fenced EXCEPT ![v] = Max(@, fence)]
               /\ seal' = [seal EXCEPT ![v] = Max(@, w.gen - 1)]
          ELSE UNCHANGED <<fenced, seal>>
    /\ UNCHANGED <<snap, lease, used, count, purge, open, silent, cut, closing, chunks, content,
                   asked, msg, acked, ghosts>>

\* The barrier is through: what was accepted before it is finished. The client reads the map.
Begin(c) ==
    /\ at[c].pc \in {"wait", "begin"}
    /\ at[c].pc = "wait" => ~Unfinished(at[c].v) \/ Bug = "beginEarly"
    /\ vol[at[c].v].here
    /\ at' = [at EXCEPT ![c] = [@ EXCEPT !.pc = "idle", !.leaf = vol[at[c].v].leaf,
                                         !.gen = vol[at[c].v].gen]]
    /\ begun' = [begun EXCEPT ![at[c].v] = Max(@, at[c].fence)]
    /\ UNCHANGED <<quorumVars, nodeVars, msg, acked, snapWas, cloneWas, before, bad, cuts, lost>>

Detach(c) ==
    /\ at[c].pc = "idle" /\ msg[c] = NoMsg
    /\ vol[at[c].v].holder = c /\ vol[at[c].v].fence = at[c].fence
    /\ at[c].n = WritesMax
    /\ vol' = [vol EXCEPT ![at[c].v].holder = Nobody]
    /\ at' = [at EXCEPT ![c].pc = "over"]
    /\ UNCHANGED <<snap, lease, used, count, purge, open, silent, cut, closing, nodeVars, msg,
                   acked, ghosts>>

-----------------------------------------------------------------------------
(* Writing: DevicePlan.java *)

Owned(c) == at[c].leaf.o = at[c].v /\ at[c].leaf.g = at[c].gen

Sent(c, chunk, from, n) ==
    [st |-> "sent", v |-> at[c].v, gen |-> at[c].gen, fence |-> at[c].fence, chunk |-> chunk,
     from |-> from, w |-> <<c, n>>]

\* A chunk of its own generation is changed in place, any other is derived from, into a fresh id of
\* the session's. A write that was refused is tried again with the same n.
Write(c) ==
    LET n == at[c].n + 1
        leaf == at[c].leaf
        fresh == CHOOSE i \in lease[c] : TRUE
    IN /\ at[c].pc = "idle" /\ n <= WritesMax /\ msg[c] = NoMsg
       /\ IF leaf.c # 0 /\ (Owned(c) \/ Bug = "writeShared")
          THEN /\ msg' = [msg EXCEPT ![c] = Sent(c, leaf.c, 0, n)]
               /\ at' = [at EXCEPT ![c].pc = "place"]
          ELSE /\ lease[c] # {}
               /\ msg' = [msg EXCEPT ![c] = [Sent(c, fresh, leaf.c, n) EXCEPT !.st = "make"]]
               /\ at' = [at EXCEPT ![c] = [@ EXCEPT !.pc = "derive", !.id = fresh]]
       /\ UNCHANGED <<quorumVars, nodeVars, acked, ghosts>>

LeaseIds(c) ==
    /\ c \in open \ closing /\ at[c].pc = "idle" /\ lease[c] = {} /\ at[c].n < WritesMax
    /\ IF Bug = "reuseIds" /\ used > 0
       THEN /\ lease' = [lease EXCEPT ![c] = {used}]
            /\ UNCHANGED used
       ELSE /\ used < IdsMax
            /\ used' = used + 1
            /\ lease' = [lease EXCEPT ![c] = {used + 1}]
    /\ bad' = IF \E i \in lease'[c] : i <= used THEN bad \cup {"reused"} ELSE bad
    /\ UNCHANGED <<vol, snap, count, purge, open, silent, cut, closing, nodeVars, clientVars,
                   snapWas, cloneWas, before, begun, cuts, lost>>

\* The primary takes it, or refuses it: VolumeBarriers.check.
Accept(c) ==
    LET m == msg[c]
        makes == m.st = "make"
        there == m.chunk \in chunks
        answer == IF m.fence < fenced[m.v] /\ Bug # "ignoreFence" THEN "fenced"
                  ELSE IF m.gen <= seal[m.v] /\ Bug # "ignoreSeal" THEN "sealed"
                  ELSE IF ~there /\ (~makes \/ (m.from # 0 /\ m.from \notin chunks)) THEN "gone"
                  ELSE "accepted"
    IN /\ m.st \in {"sent", "make"}
       /\ msg' = [msg EXCEPT ![c].st = answer]
       /\ UNCHANGED <<quorumVars, nodeVars, at, acked, ghosts>>

\* It is finished on all serving replicas. Its place in the order was fixed when it was accepted;
\* what came since cannot have purged what it needs.
Apply(c) ==
    LET m == msg[c]
    IN /\ m.st = "accepted"
       /\ msg' = [msg EXCEPT ![c].st = "done"]
       /\ content' = [content EXCEPT ![m.chunk] =
                        (IF m.chunk \in chunks THEN @ ELSE Held(m.from)) \cup {m.w}]
       /\ chunks' = chunks \cup {m.chunk}
       /\ bad' = IF m.fence < begun[m.v] THEN bad \cup {"fence"} ELSE bad
       /\ UNCHANGED <<quorumVars, seal, fenced, asked, at, acked, snapWas, cloneWas, before, begun,
                      cuts, lost>>

Acknowledged(c) == [acked EXCEPT ![at[c].v] = @ \cup {msg[c].w}]

\* In place: done. Derived: the map must name it first.
Answered(c) ==
    /\ msg[c].st = "done"
    /\ \/ /\ at[c].pc = "place"
          /\ at' = [at EXCEPT ![c] = [@ EXCEPT !.pc = "idle", !.n = @ + 1]]
          /\ msg' = [msg EXCEPT ![c] = NoMsg]
          /\ acked' = Acknowledged(c)
       \/ /\ at[c].pc = "derive"
          /\ at' = [at EXCEPT ![c].pc = "flip"]
          /\ acked' = IF Bug = "ackBeforeFlip" THEN Acknowledged(c) ELSE acked
          /\ UNCHANGED msg
    /\ UNCHANGED <<quorumVars, nodeVars, ghosts>>

\* Compare and set: SessionCommands.flip. Refused for the generation it is tried again; refused for
\* the attachment the client ends.
Flip(c) ==
    LET v == at[c].v
        w == vol[v]
        mine == /\ w.here /\ c \in open
                /\ w.holder = c /\ w.fence = at[c].fence
        leaf == [c |-> at[c].id, o |-> v, g |-> w.gen]
        ok == /\ mine \/ (Bug = "flipUnfenced" /\ w.here)
              /\ w.gen = at[c].gen
              /\ w.leaf = at[c].leaf
              /\ at[c].id \in lease[c] \/ Bug = "flipUnfenced"
        counts == Released(Shared(leaf.c), {w})
    IN /\ at[c].pc = "flip"
       /\ msg' = [msg EXCEPT ![c] = NoMsg]
       /\ IF ok
          THEN /\ vol' = [vol EXCEPT ![v].leaf = leaf]
               /\ lease' = [lease EXCEPT ![c] = @ \ {at[c].id}]
               /\ count' = counts
               /\ purge' = purge \cup Empty(count, counts)
               /\ at' = [at EXCEPT ![c] = [@ EXCEPT !.pc = "idle", !.n = @ + 1, !.leaf = leaf,
                                                    !.id = 0]]
               /\ acked' = Acknowledged(c)
               /\ bad' = IF at[c].fence < begun[v] THEN bad \cup {"fence"} ELSE bad
          ELSE /\ at' = [at EXCEPT ![c].pc = IF mine THEN "abandon" ELSE "over"]
               /\ UNCHANGED <<vol, lease, count, purge, acked, bad>>
       /\ UNCHANGED <<snap, used, open, silent, cut, closing, nodeVars, snapWas, cloneWas, before,
                      begun, cuts, lost>>

\* Refused by the primary. Of a derive, the id is given up: its outcome is known.
Refused(c) ==
    /\ msg[c].st \in {"sealed", "fenced", "gone"}
    /\ msg' = [msg EXCEPT ![c] = NoMsg]
    /\ at' = [at EXCEPT ![c].pc =
                IF msg[c].st = "fenced" THEN "over"
                ELSE IF at[c].pc = "derive" THEN "abandon" ELSE "reload"]
    /\ acked' = IF Bug = "ackSealed" /\ msg[c].st = "sealed" THEN Acknowledged(c) ELSE acked
    /\ UNCHANGED <<quorumVars, nodeVars, ghosts>>

Abandon(c) ==
    /\ at[c].pc = "abandon"
    /\ at' = [at EXCEPT ![c] = [@ EXCEPT !.pc = "reload", !.id = 0]]
    /\ IF at[c].id \in lease[c]
       THEN /\ lease' = [lease EXCEPT ![c] = @ \ {at[c].id}]
            /\ purge' = IF Bug = "abandonForgets" THEN purge ELSE purge \cup {at[c].id}
       ELSE UNCHANGED <<lease, purge>>
    /\ UNCHANGED <<vol, snap, used, count, open, silent, cut, closing, nodeVars, msg, acked, ghosts>>

\* It waits for the next generation, or learns that the volume is not its own any more.
Reload(c) ==
    LET w == vol[at[c].v]
        mine == w.here /\ w.holder = c /\ w.fence = at[c].fence /\ c \in open
    IN /\ at[c].pc = "reload"
       /\ mine => w.gen > at[c].gen \/ w.leaf # at[c].leaf
       /\ at' = [at EXCEPT ![c] = IF mine
                                  THEN [@ EXCEPT !.pc = "idle", !.gen = w.gen, !.leaf = w.leaf]
                                  ELSE [@ EXCEPT !.pc = "over"]]
       /\ UNCHANGED <<quorumVars, nodeVars, msg, acked, ghosts>>

-----------------------------------------------------------------------------
(* The end of clients *)

\* The quorum has not heard of it for long. It may be dead; it may be paused, and go on later.
FallSilent(c) ==
    /\ c \in open \ silent
    /\ Cardinality(silent) < SilentMax
    /\ silent' = silent \cup {c}
    /\ UNCHANGED <<vol, snap, lease, used, count, purge, open, cut, closing, nodeVars, clientVars,
                   ghosts>>

\* Before its ids are reclaimed nothing of it may be accepted any more: also not for a volume that it
\* lost, while no barrier has said so.
Fenceable(c) ==
    IF Bug = "closeUnfenced" THEN {}
    ELSE {v \in Volumes : vol[v].holder = c}
            \cup (IF Bug = "closeFencesHeldOnly" \/ at[c].v = 0 THEN {} ELSE {at[c].v})

StartClose(c) ==
    /\ c \in silent \cap open /\ c \notin closing
    /\ closing' = closing \cup {c}
    /\ fenced' = [v \in Volumes |->
                    IF v \in Fenceable(c)
                    THEN Max(fenced[v], IF vol[v].holder = c THEN vol[v].fence + 1 ELSE vol[v].fence)
                    ELSE fenced[v]]
    /\ UNCHANGED <<vol, snap, lease, used, count, purge, open, silent, cut, chunks, content, seal,
                   asked, clientVars, ghosts>>

Close(c) ==
    /\ c \in closing /\ c \in open
    /\ Bug # "closeUnfenced" => \A v \in Fenceable(c) : ~Unfinished(v)
    /\ open' = open \ {c}
    /\ lease' = [lease EXCEPT ![c] = {}]
    /\ purge' = IF Bug = "closeForgets" THEN purge ELSE purge \cup lease[c]
    /\ vol' = [v \in Volumes |->
                IF vol[v].holder = c
                THEN [vol[v] EXCEPT !.holder = Nobody, !.fence = @ + 1, !.loose = TRUE]
                ELSE vol[v]]
    /\ UNCHANGED <<snap, used, count, silent, cut, closing, nodeVars, clientVars, ghosts>>

-----------------------------------------------------------------------------
(* Cuts: AdminCommands.cut. One at a time for a volume: the gate. *)

StartCut(what) ==
    /\ cut = NoCut /\ cuts < CutsMax
    /\ vol[1].here
    /\ \A c \in Clients : at[c].pc # "wait"
    /\ IF what = "snapshot" THEN ~snap.here ELSE ~vol[2].here /\ vol[2].fence = 0
    /\ cut' = [what |-> what, gen |-> IF vol[1].attached THEN vol[1].gen ELSE 0]
    /\ seal' = IF vol[1].attached /\ Bug # "sealAfterCommit"
               THEN [seal EXCEPT ![1] = Max(@, vol[1].gen)] ELSE seal
    /\ before' = acked[1]
    /\ cuts' = cuts + 1
    /\ UNCHANGED <<vol, snap, lease, used, count, purge, open, silent, closing, chunks, content,
                   fenced, asked, clientVars, snapWas, cloneWas, begun, bad, lost>>

Raised == [vol[1] EXCEPT !.gen = @ + 1, !.attached = vol[1].holder # Nobody]

\* Every write that was accepted before the seal is finished: one entry freezes the map.
Commit ==
    /\ cut # NoCut /\ vol[1].here
    /\ cut.gen = IF vol[1].attached THEN vol[1].gen ELSE 0
    /\ cut.gen # 0 => ~Unfinished(1) \/ Bug \in {"commitEarly", "sealAfterCommit"}
    /\ LET leaf == vol[1].leaf
           was == Held(leaf.c)
           wrong == IF before \subseteq was THEN {} ELSE {"cut"}
       IN /\ count' = Shared(leaf.c)
          /\ IF cut.what = "snapshot"
             THEN /\ snap' = [here |-> TRUE, leaf |-> leaf]
                  /\ vol' = [vol EXCEPT ![1] = Raised]
                  /\ snapWas' = was
                  /\ UNCHANGED <<cloneWas, acked>>
             ELSE /\ vol' = [vol EXCEPT
                        ![1] = Raised,
                        ![2] = [@ EXCEPT !.here = TRUE, !.leaf =
                                    IF Bug = "cloneOwns" THEN [leaf EXCEPT !.o = 2] ELSE leaf]]
                  /\ cloneWas' = was
                  /\ acked' = [acked EXCEPT ![2] = was]
                  /\ UNCHANGED <<snap, snapWas>>
          /\ bad' = bad \cup wrong
    /\ seal' = IF cut.gen # 0 THEN [seal EXCEPT ![1] = Max(@, cut.gen)] ELSE seal
    /\ cut' = NoCut
    /\ UNCHANGED <<lease, used, purge, open, silent, closing, chunks, content, fenced, asked, at,
                   msg, before, begun, cuts, lost>>

\* The seal is out, but its command is not committed: a seal never goes back, so the generation does
\* not either (SealRepair). A cut of what meanwhile changed otherwise is refused.
Fail ==
    /\ cut # NoCut
    /\ \/ lost < LostMax /\ lost' = lost + 1
       \/ /\ ~vol[1].here \/ cut.gen # (IF vol[1].attached THEN vol[1].gen ELSE 0)
          /\ UNCHANGED lost
    /\ vol' = IF vol[1].here /\ cut.gen = vol[1].gen THEN [vol EXCEPT ![1] = Raised] ELSE vol
    /\ cut' = NoCut
    /\ UNCHANGED <<snap, lease, used, count, purge, open, silent, closing, nodeVars, clientVars,
                   snapWas, cloneWas, before, begun, bad, cuts>>

-----------------------------------------------------------------------------
(* Deleting and purging *)

Ended(w) == IF w.holder = Nobody THEN w
            ELSE [w EXCEPT !.holder = Nobody, !.fence = @ + 1, !.loose = TRUE]

\* Always allowed. A volume's snapshots go with it.
Delete(v) ==
    LET gone == {vol[v]} \cup (IF v = 1 /\ snap.here THEN {snap} ELSE {})
        counts == Released(count, gone)
    IN /\ vol[v].here /\ (v = 1 => cut = NoCut)
       /\ vol' = [vol EXCEPT ![v] = [Ended(@) EXCEPT !.here = FALSE, !.leaf = NoLeaf]]
       /\ snap' = IF v = 1 THEN [here |-> FALSE, leaf |-> NoLeaf] ELSE snap
       /\ count' = IF Bug = "dropUncounted" THEN count ELSE counts
       /\ purge' = purge \cup (IF Bug = "purgeShared" THEN {x.leaf.c : x \in gone} \ {0}
                               ELSE Empty(count, counts))
       /\ UNCHANGED <<lease, used, open, silent, cut, closing, nodeVars, clientVars, ghosts>>

DeleteSnapshot ==
    LET counts == Released(count, {snap})
    IN /\ snap.here
       /\ snap' = [here |-> FALSE, leaf |-> NoLeaf]
       /\ count' = counts
       /\ purge' = purge \cup Empty(count, counts)
       /\ UNCHANGED <<vol, lease, used, open, silent, cut, closing, nodeVars, clientVars, ghosts>>

\* The leader tells the primary, and again when nothing came of it.
AskPurge(i) ==
    /\ i \in purge \ asked
    /\ Bug = "purgeOnce" => lost = 0
    /\ asked' = asked \cup {i}
    /\ UNCHANGED <<quorumVars, chunks, content, seal, fenced, clientVars, ghosts>>

LosePurge(i) ==
    /\ i \in asked /\ lost < LostMax
    /\ asked' = asked \ {i}
    /\ lost' = lost + 1
    /\ UNCHANGED <<quorumVars, chunks, content, seal, fenced, clientVars, snapWas, cloneWas, before,
                   begun, bad, cuts>>

\* An operation in the group's order, behind what was accepted before it.
Purge(i) ==
    /\ i \in asked
    /\ \A c \in Clients : msg[c].st = "accepted" => msg[c].chunk # i /\ msg[c].from # i
    /\ chunks' = chunks \ {i}
    /\ content' = [content EXCEPT ![i] = {}]
    /\ asked' = asked \ {i}
    /\ purge' = purge \ {i}
    /\ UNCHANGED <<vol, snap, lease, used, count, open, silent, cut, closing, seal, fenced,
                   clientVars, ghosts>>

-----------------------------------------------------------------------------
Next ==
    \/ \E c \in Clients :
        \/ \E v \in Volumes : Attach(c, v)
        \/ Begin(c) \/ Detach(c) \/ LeaseIds(c) \/ Write(c) \/ Accept(c) \/ Apply(c) \/ Answered(c)
        \/ Flip(c) \/ Refused(c) \/ Abandon(c) \/ Reload(c)
        \/ FallSilent(c) \/ StartClose(c) \/ Close(c)
    \/ \E what \in {"snapshot", "clone"} : StartCut(what)
    \/ Commit \/ Fail
    \/ \E v \in Volumes : Delete(v)
    \/ DeleteSnapshot
    \/ \E i \in Ids : AskPurge(i) \/ LosePurge(i) \/ Purge(i)

Spec == Init /\ [][Next]_vars

FairSpec ==
    /\ Spec
    /\ \A i \in Ids : WF_vars(AskPurge(i)) /\ WF_vars(Purge(i))
    /\ \A c \in Clients : WF_vars(Accept(c)) /\ WF_vars(Apply(c))

-----------------------------------------------------------------------------
(* What holds *)

Maps == {v \in Volumes : vol[v].here}
Named == {vol[v].leaf.c : v \in Maps} \cup (IF snap.here THEN {snap.leaf.c} ELSE {})

\* R8: what a snapshot or a clone began with is what was acknowledged when its command came, and a
\* snapshot stays as it was taken.
CutIsExact == "cut" \notin bad
FrozenStays == snap.here => Held(snap.leaf.c) = snapWas

\* A clone has what it began with and what was written to it; its parent nothing of that.
WrittenTo(v) == {<<c, n>> : c \in {d \in Clients : at[d].v = v}, n \in 1..WritesMax}
CloneIsIsolated ==
    /\ vol[1].here => Held(vol[1].leaf.c) \subseteq WrittenTo(1)
    /\ vol[2].here => /\ cloneWas \subseteq Held(vol[2].leaf.c)
                      /\ Held(vol[2].leaf.c) \subseteq cloneWas \cup WrittenTo(2)

\* An acknowledged write is in its volume.
AcknowledgedIsThere == \A v \in Maps : acked[v] \subseteq Held(vol[v].leaf.c)

\* R9: once a successor has begun, nothing of its predecessor has an effect.
FencedChangesNothing == "fence" \notin bad

RefcountsAreRight ==
    \A i \in Ids : count[i] = Cardinality({v \in Maps : vol[v].leaf.c = i})
                              + (IF snap.here /\ snap.leaf.c = i THEN 1 ELSE 0)

\* What a map names is there, and is not on the purge list.
NamedIsThere == Named \ {0} \subseteq chunks /\ Named \cap purge = {}

NoIdTwice == "reused" \notin bad

\* A chunk is named, or to be purged, or its session can still map it.
NothingLeaks == chunks \subseteq Named \cup purge \cup UNION {lease[c] : c \in Clients}

\* What nothing names any more is purged.
DroppedIsPurged == \A i \in Ids : (i \in purge) ~> (i \notin chunks /\ i \notin purge)
=============================================================================
