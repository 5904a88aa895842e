---------------------------- MODULE ReplicaGroup ----------------------------
(***************************************************************************)
(* One replica group: three replicas, the metadata quorum that says who    *)
(* serves, leases, crashes that lose what was not synced, and clients that *)
(* write, read and flush. Rules R1-R7 of the data path. docs/              *)
(* specification.md says what is modelled, within which bounds, and what   *)
(* is not.                                                                 *)
(*                                                                         *)
(* The quorum is one atomic register: Raft is taken for granted. A message *)
(* and its receipt are one step where that hides nothing: what is sent in  *)
(* an epoch is fixed when it is sent, and is refused in another epoch.     *)
(* What the primary knows of others, what a replica knows of the view, and *)
(* what a client was told are separate from the truth, and late.           *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
    Writes,      \* one client, one block, one write each
    CrashesMax,  \* power failures: what was not synced may be lost
    LapsesMax,   \* pauses and partitions: a lease runs out, the process lives
    FailsMax,    \* times a primary has a member taken out at will (gray failure)
    FlushesMax,
    Away,        \* replicas that were down from the start
    StaysDown,   \* TRUE: nobody must restart a crashed node
    Bug          \* "none", or the name of one deliberate mistake

Replicas == 1..3   \* in the quorum's order: the first one that serves is the primary
MinWrite == 2      \* min-write-replicas
Symmetry == Permutations(Writes)

VARIABLES
    \* the quorum
    view,     \* [e, st]: epoch, and the state of each replica
    live,     \* nodes that the quorum takes for up: they hold a session
    pos,      \* the position that each replica reported when it last registered
    \* the nodes
    up,       \* processes that run
    lease,    \* nodes that hold one
    known,    \* the view that each replica has
    log,      \* sequence of [e, w]: what was numbered, in order
    synced,   \* how much of it a crash cannot take
    trimmed,  \* how much of it is no longer kept for others (`committed`)
    done,     \* as the primary: how much of it is finished
    link,     \* as the primary: what it knows of each other member
    stage,    \* as a syncing member: how far it has come
    \* the clients, and what they were promised
    acked,    \* writes that were answered, or read
    trust,    \* for each of these: replicas that the promise rests on. Those that are LAST too:
              \* they are believed to have all that was ever acknowledged
    flush,    \* a flush under way
    flushed,
    \* budgets
    crashes, lapses, fails, flushes

quorumVars == <<view, live, pos>>
nodeVars == <<up, lease, known>>
dataVars == <<log, synced, trimmed>>
primaryVars == <<done, link>>
clientVars == <<acked, trust, flush, flushed>>
budgets == <<crashes, lapses, fails, flushes>>
vars == <<quorumVars, nodeVars, dataVars, primaryVars, stage, clientVars, budgets>>

-----------------------------------------------------------------------------
(* Views: Membership.java *)

Serving(v) == {r \in Replicas : v.st[r] = "SERVING"}
Members(v) == {r \in Replicas : v.st[r] \in {"SERVING", "SYNCING"}}
Least(S) == CHOOSE r \in S : \A s \in S : r <= s
Primary(v) == IF Serving(v) = {} THEN 0 ELSE Least(Serving(v))
Enough(v) == Cardinality(Serving(v)) >= MinWrite

NoView == [e |-> 0, st |-> [r \in Replicas |-> "DOWN"]]

Next1(v, st) == IF st = v.st THEN v ELSE [e |-> v.e + 1, st |-> st]

\* Whoever leaves when too few stay to acknowledge anything is LAST.
Left(v, r) ==
    LET staying == Serving(v) \ {r}
        after == IF Cardinality(staying) < MinWrite /\ Bug # "noLast" THEN "LAST" ELSE "DOWN"
    IN Next1(v, [v.st EXCEPT ![r] = CASE @ = "SERVING" -> after
                                      [] @ = "SYNCING" -> "DOWN"
                                      [] OTHER -> @])

Last(v) == {r \in Replicas : v.st[r] = "LAST"}

AtLeast(p, q) == p.e > q.e \/ (p.e = q.e /\ p.n >= q.n)

\* Nobody serves: the longest of those that were last leads, once all of them are back, or some
\* and the patience is over.
Candidates(v, there) ==
    IF Bug = "noLast" THEN {r \in there : v.st[r] \in {"LAST", "DOWN"}} ELSE Last(v) \cap there

MayElect(v, there, patient) ==
    /\ Serving(v) = {}
    /\ Candidates(v, there) # {}
    /\ patient => Last(v) \subseteq there

Winner(v, there, at) ==
    CHOOSE r \in Candidates(v, there) :
        /\ \A s \in Candidates(v, there) :
            IF Bug = "electShortest" THEN AtLeast(at[s], at[r]) ELSE AtLeast(at[r], at[s])
        /\ \A s \in Candidates(v, there) : at[s] = at[r] => r <= s

Elected(v, there, at) ==
    LET winner == Winner(v, there, at)
    IN Next1(v, [r \in Replicas |->
            IF r = winner THEN "SERVING" ELSE IF r \in there THEN "SYNCING" ELSE v.st[r]])

\* Its store registers.
Returned(v, r, there, at) ==
    IF Serving(v) # {}
    THEN Next1(v, [v.st EXCEPT ![r] = IF @ \in {"DOWN", "LAST"} THEN "SYNCING" ELSE @])
    ELSE IF MayElect(v, there, TRUE) THEN Elected(v, there, at) ELSE v

CaughtUp(v, r) ==
    LET writes == Cardinality(Serving(v)) + 1 >= MinWrite
    IN Next1(v, [s \in Replicas |->
            CASE s = r -> "SERVING"
              [] s # r /\ v.st[s] = "LAST" /\ writes -> "DOWN"
              [] OTHER -> v.st[s]])

-----------------------------------------------------------------------------
(* Replicas *)

End(r) == Len(log[r])
Ops(l) == {l[i].w : i \in 1..Len(l)}
Position(l) == IF l = <<>> THEN [e |-> 0, n |-> 0] ELSE [e |-> l[Len(l)].e, n |-> Len(l)]
Min(S) == CHOOSE x \in S : \A y \in S : x <= y
Max(x, y) == IF x > y THEN x ELSE y

IsPrimary(r) == up[r] /\ known[r].e > 0 /\ Primary(known[r]) = r
Others(p) == Members(known[p]) \ {p}
Serves(p, b) == known[p].st[b] = "SERVING"
Reconciled(p) == \A b \in Others(p) : link[p][b].told
SameView(r, s) == up[r] /\ up[s] /\ known[r].e = known[s].e

\* It keeps for this member what the member may lack; the member counts for acknowledgements.
Counts(p, b) == Serves(p, b) \/ (link[p][b].joined /\ link[p][b].holds /\ Bug # "forgetReady")

\* Answers clients.
Acts(p) == IsPrimary(p) /\ lease[p] /\ Reconciled(p)

NoLink == [joined |-> FALSE, holds |-> FALSE, acked |-> 0, synced |-> 0, told |-> FALSE]
NoLinks == [b \in Replicas |-> NoLink]

\* What becomes of the links of a replica that is the primary in `next`, and was in `old` or not.
Links(p, old, next, was) ==
    [b \in Replicas |->
        LET before == IF was /\ b \in Members(old) THEN link[p][b] ELSE NoLink
            fresh == ~(was /\ b \in Members(old))
            serves == next.st[b] = "SERVING"
            left == was /\ old.st[b] = "SERVING" /\ ~serves
        IN IF b = p \/ b \notin Members(next) THEN NoLink
           ELSE [before EXCEPT
                    !.joined = IF left THEN FALSE ELSE @,
                    !.told = \/ ~serves
                             \/ (fresh /\ was /\ Reconciled(p))
                             \/ (~fresh /\ @)
                             \/ Bug = "noReconcile"]]

\* Replica r has `next` from now on; its log is `own`.
BecomesIn(r, next, own, keep) ==
    LET was == IsPrimary(r) /\ keep
        old == IF keep THEN known[r] ELSE NoView
        leads == Primary(next) = r
        serves == next.st[r] = "SERVING"
        tailKept == keep /\ serves
    IN /\ known' = [known EXCEPT ![r] = next]
       /\ trimmed' = [trimmed EXCEPT ![r] = IF tailKept THEN @ ELSE Len(own)]
       /\ done' = [done EXCEPT ![r] =
                        IF ~leads THEN 0 ELSE IF was THEN @ ELSE trimmed'[r]]
       /\ link' = [link EXCEPT ![r] = IF leads THEN Links(r, old, next, was) ELSE NoLinks]
       /\ stage' = [stage EXCEPT ![r] = IF next.st[r] = "SYNCING" THEN "join" ELSE "none"]

\* The promises that a change of the view leaves standing. When somebody of the last is elected,
\* what only those have that are away is given up; who is `there` is not.
Kept(next) == [w \in Writes |-> {r \in trust[w] : next.st[r] \in {"SERVING", "LAST"}}]
KeptByElection(next, there) ==
    [w \in Writes |-> IF Primary(next) \in trust[w] THEN Kept(next)[w] ELSE trust[w] \cap there]

-----------------------------------------------------------------------------
Init ==
    /\ view = [e |-> 1, st |-> [r \in Replicas |-> IF r \in Away THEN "DOWN" ELSE "SERVING"]]
    /\ live = Replicas \ Away
    /\ pos = [r \in Replicas |-> [e |-> 0, n |-> 0]]
    /\ up = [r \in Replicas |-> r \notin Away]
    /\ lease = up
    /\ known = [r \in Replicas |-> IF r \in Away THEN NoView ELSE view]
    /\ log = [r \in Replicas |-> <<>>]
    /\ synced = [r \in Replicas |-> 0]
    /\ trimmed = [r \in Replicas |-> 0]
    /\ done = [r \in Replicas |-> 0]
    /\ link = [p \in Replicas |->
                IF p = Primary(view)
                THEN [b \in Replicas |-> [NoLink EXCEPT !.told = b # p /\ b \notin Away]]
                ELSE NoLinks]
    /\ stage = [r \in Replicas |-> "none"]
    /\ acked = {}
    /\ trust = [w \in Writes |-> {}]
    /\ flush = [e |-> 0, need |-> {}, got |-> {}, of |-> {}]
    /\ flushed = {}
    /\ crashes = 0 /\ lapses = 0 /\ fails = 0 /\ flushes = 0

\* Whom the primary has taken out registers again, and so says where it stands now.
OutOf(nodes, r) == IF Bug = "lastWaits" THEN nodes ELSE nodes \ {r}

-----------------------------------------------------------------------------
(* Faults *)

\* Power fails. A killed process, whose pages the system keeps, is the mildest case of it.
Crash(r) ==
    /\ up[r]
    /\ crashes < CrashesMax
    /\ \E kept \in synced[r]..End(r) :
        /\ log' = [log EXCEPT ![r] = SubSeq(@, 1, kept)]
        /\ synced' = [synced EXCEPT ![r] = kept]   \* a store syncs what it finds before it serves
        /\ trimmed' = [trimmed EXCEPT ![r] = kept]
    /\ up' = [up EXCEPT ![r] = FALSE]
    /\ lease' = [lease EXCEPT ![r] = FALSE]
    /\ known' = [known EXCEPT ![r] = NoView]
    /\ done' = [done EXCEPT ![r] = 0]
    /\ link' = [link EXCEPT ![r] = NoLinks]
    /\ stage' = [stage EXCEPT ![r] = "none"]
    /\ trust' = [w \in Writes |-> trust[w] \ {r}]
    /\ crashes' = crashes + 1
    /\ UNCHANGED <<quorumVars, acked, flush, flushed, lapses, fails, flushes>>

\* A pause or a partition outlasts the lease.
Lapse(r) ==
    /\ lease[r]
    /\ lapses < LapsesMax
    /\ lease' = [lease EXCEPT ![r] = FALSE]
    /\ lapses' = lapses + 1
    /\ UNCHANGED <<quorumVars, up, known, dataVars, primaryVars, stage, clientVars,
                   crashes, fails, flushes>>

\* The primary finds a member too slow. Not before it is reconciled: a member that has not answered
\* in this epoch may be the primary of the one before, and have a lease.
FailSlow(p, b) ==
    /\ fails < FailsMax
    /\ IsPrimary(p) /\ b \in Others(p) /\ Serves(p, b)
    /\ Reconciled(p) \/ Bug = "failUnheard"
    /\ known[p].e = view.e
    /\ view' = Left(view, b)
    /\ live' = OutOf(live, b)
    /\ trust' = Kept(view')
    /\ fails' = fails + 1
    /\ UNCHANGED <<pos, nodeVars, dataVars, primaryVars, stage, acked, flush, flushed,
                   crashes, lapses, flushes>>

-----------------------------------------------------------------------------
(* The quorum *)

\* R5: only after its lease has run out, or its process has surely died. The quorum counts the
\* lease from the receipt of the heartbeat, the node from its sending: the node's ends first.
NodeLost(r) ==
    /\ r \in live
    /\ ~lease[r] \/ Bug = "replaceEarly"
    /\ live' = live \ {r}
    /\ view' = Left(view, r)
    /\ trust' = Kept(view')
    /\ UNCHANGED <<pos, nodeVars, dataVars, primaryVars, stage, acked, flush, flushed, budgets>>

\* A node registers: after a restart (R7: a new incarnation), after the quorum ended its session, or
\* because it hears that a replica of its is out of service.
Register(r) ==
    LET restarted == ~up[r]
        left == IF restarted /\ r \in live /\ Bug # "trustRestart" THEN Left(view, r) ELSE view
        at == [pos EXCEPT ![r] = Position(log[r])]
        next == Returned(left, r, live \cup {r}, at)
        keep == ~restarted
        early == Bug = "leaseBeforeView" /\ keep   \* the lease came before the views
    IN /\ \/ restarted
          \/ r \notin live
          \/ known[r].e = view.e /\ view.st[r] = "DOWN"
       /\ live' = live \cup {r}
       /\ pos' = at
       /\ view' = next
       /\ trust' = IF Serving(left) = {} /\ Serving(next) # {}
                   THEN KeptByElection(next, live \cup {r})
                   ELSE Kept(next)
       /\ up' = [up EXCEPT ![r] = TRUE]
       /\ lease' = [lease EXCEPT ![r] = TRUE]
       /\ IF early
          THEN UNCHANGED <<known, trimmed, done, link, stage>>
          ELSE BecomesIn(r, next, log[r], keep)
       /\ UNCHANGED <<log, synced, acked, flush, flushed, budgets>>

\* A heartbeat of a session that the quorum still has. A reply that is older than the lease grants
\* nothing: the lease counts from when the beat was sent.
Renew(r) ==
    /\ up[r] /\ ~lease[r]
    /\ r \in live \/ (Bug = "leaseFromReceipt" /\ known[r].e < view.e)
    /\ lease' = [lease EXCEPT ![r] = TRUE]
    /\ UNCHANGED <<quorumVars, up, known, dataVars, primaryVars, stage, clientVars, budgets>>

\* The patience with those that were last and are away is over. What only they have is given up.
ElectLast ==
    /\ MayElect(view, live, FALSE)
    /\ ~MayElect(view, live, TRUE)
    /\ view' = Elected(view, live, pos)
    /\ trust' = KeptByElection(view', live)
    /\ UNCHANGED <<live, pos, nodeVars, dataVars, primaryVars, stage, acked, flush, flushed,
                   budgets>>

\* A view reaches a node with a session.
TakeView(r) ==
    /\ up[r] /\ r \in live
    /\ known[r].e < view.e
    /\ BecomesIn(r, view, log[r], TRUE)
    /\ UNCHANGED <<quorumVars, up, lease, log, synced, clientVars, budgets>>

-----------------------------------------------------------------------------
(* The primary: Primary.java *)

\* R6: asks a serving member for what it has beyond us, one operation at a time.
AskTail(p, b) ==
    /\ IsPrimary(p) /\ b \in Others(p) /\ Serves(p, b) /\ ~link[p][b].told
    /\ SameView(p, b)
    /\ \/ /\ End(b) > End(p) /\ trimmed[b] <= End(p)
          /\ log' = [log EXCEPT ![p] = Append(@, log[b][End(p) + 1])]
          /\ UNCHANGED link
       \/ /\ End(b) <= End(p) /\ End(b) >= trimmed[p]
          /\ link' = [link EXCEPT ![p][b].told = TRUE, ![p][b].acked = End(b),
                                  ![p][b].synced = 0]
          /\ UNCHANGED log
    /\ UNCHANGED <<quorumVars, nodeVars, synced, trimmed, done, stage, clientVars, budgets>>

\* A serving member whose history does not join the primary's, or that lacks what is not kept.
MustFail(p, b) ==
    IF ~link[p][b].told
    THEN SameView(p, b) /\ (\/ End(b) > End(p) /\ trimmed[b] > End(p)
                            \/ End(b) < trimmed[p])
    ELSE Reconciled(p) /\ link[p][b].acked < trimmed[p]

ReportFailed(p, b) ==
    /\ IsPrimary(p) /\ b \in Others(p) /\ Serves(p, b)
    /\ MustFail(p, b)
    /\ known[p].e = view.e
    /\ view' = Left(view, b)
    /\ live' = OutOf(live, b)
    /\ trust' = Kept(view')
    /\ UNCHANGED <<pos, nodeVars, dataVars, primaryVars, stage, acked, flush, flushed,
                   budgets>>

\* A client's write, or the retry of one, is numbered. R13: not again if it has a number here.
Submit(p, w) ==
    /\ Acts(p) /\ Enough(known[p])
    /\ w \notin acked
    /\ w \notin Ops(log[p]) \/ (Bug = "forgetRequests" /\ Len(log[p]) < 2)
    /\ log' = [log EXCEPT ![p] = Append(@, [e |-> known[p].e, w |-> w])]
    /\ UNCHANGED <<quorumVars, nodeVars, synced, trimmed, primaryVars, stage, clientVars, budgets>>

\* The next operation reaches a member, in order (R3), in the same epoch (R1), and the primary
\* hears of it. What was appended but not heard of is what the primary has not finished yet.
Replicate(p, b) ==
    /\ IsPrimary(p) /\ Reconciled(p)
    /\ b \in Others(p)
    /\ up[b] /\ (known[b].e = known[p].e \/ (Bug = "ignoreEpoch" /\ stage[b] = "none"))
    /\ Serves(p, b) \/ (link[p][b].joined /\ stage[b] # "join")
    /\ End(b) < End(p)
    /\ log' = [log EXCEPT ![b] = Append(@, log[p][End(b) + 1])]
    /\ trimmed' = [trimmed EXCEPT ![b] = Max(@, Min({trimmed[p], End(b) + 1}))]
    /\ link' = [link EXCEPT ![p][b].acked = Max(@, End(b) + 1)]
    /\ UNCHANGED <<quorumVars, nodeVars, synced, done, stage, clientVars, budgets>>

\* A member that may count already says what is durable.
Acknowledge(p, b) ==
    /\ IsPrimary(p) /\ Reconciled(p)
    /\ b \in Others(p) /\ ~Serves(p, b) /\ SameView(p, b)
    /\ link[p][b].joined /\ stage[b] \in {"ask", "ready"}
    /\ link[p][b].synced < synced[b]
    /\ link' = [link EXCEPT ![p][b].synced = synced[b]]
    /\ UNCHANGED <<quorumVars, nodeVars, dataVars, done, stage, clientVars, budgets>>

AppendedByAll(p) ==
    Min({End(p)} \cup
        {IF Serves(p, b) \/ Bug = "readyUnsynced" THEN link[p][b].acked ELSE link[p][b].synced :
            b \in {c \in Others(p) : Counts(p, c) /\ Bug # "ackBeforeBackup"}})

HeldByAll(p) == Min({End(p)} \cup {link[p][b].acked : b \in {c \in Others(p) : Counts(p, c)}})

\* Whom an acknowledgement rests on.
Believed(p) ==
    {r \in Serving(known[p]) \cup Last(view) : up[r] /\ view.st[r] \in {"SERVING", "LAST"}}

\* R2: answers what every serving replica has, and those that may be serving already.
Finish(p) ==
    LET reached == Max(done[p], AppendedByAll(p))
        now == {log[p][i].w : i \in (done[p] + 1)..reached} \ acked
    IN /\ Acts(p)
       /\ Enough(known[p]) \/ Bug = "ackAlone"
       /\ done' = [done EXCEPT ![p] = reached]
       /\ trimmed' = [trimmed EXCEPT ![p] = Max(@, HeldByAll(p))]
       /\ <<done', trimmed'>> # <<done, trimmed>>
       /\ acked' = acked \cup now
       /\ trust' = [w \in Writes |->
                        IF w \in now
                        THEN Believed(p)
                        ELSE trust[w]]
       /\ UNCHANGED <<quorumVars, nodeVars, log, synced, link, stage, flush, flushed, budgets>>

\* Quiet groups learn what is finished.
TellFinished(p, b) ==
    /\ IsPrimary(p) /\ Reconciled(p) /\ b \in Others(p) /\ SameView(p, b)
    /\ Serves(p, b)
    /\ trimmed[b] < Min({trimmed[p], End(b)})
    /\ trimmed' = [trimmed EXCEPT ![b] = Min({trimmed[p], End(b)})]
    /\ UNCHANGED <<quorumVars, nodeVars, log, synced, primaryVars, stage, clientVars, budgets>>

-----------------------------------------------------------------------------
(* A member that catches up: Syncing.java *)

Leader(r) == Primary(known[r])
Follows(r) == up[r] /\ known[r].e > 0 /\ known[r].st[r] = "SYNCING" /\ Leader(r) # 0
                /\ SameView(r, Leader(r))

\* It takes the live stream from here on, and the primary's place in the order for its own. Until it
\* has synced what it fetches, nothing of it is durable.
Join(r) ==
    /\ Follows(r) /\ stage[r] = "join" /\ Reconciled(Leader(r))
    /\ LET p == Leader(r)
       IN /\ log' = [log EXCEPT ![r] = log[p]]
          /\ trimmed' = [trimmed EXCEPT ![r] = End(p)]
          /\ link' = [link EXCEPT ![p][r] = [@ EXCEPT !.joined = TRUE, !.holds = FALSE,
                                                      !.acked = End(p), !.synced = 0]]
    /\ synced' = [synced EXCEPT ![r] = 0]
    /\ stage' = [stage EXCEPT ![r] = "copy"]
    /\ UNCHANGED <<quorumVars, nodeVars, done, clientVars, budgets>>

\* What it has is durable; later also what came since.
Harden(r) ==
    /\ up[r] /\ stage[r] \in {"copy", "ask", "ready"}
    /\ stage[r] = "copy" \/ synced[r] < End(r)
    /\ synced' = [synced EXCEPT ![r] = End(r)]
    /\ stage' = [stage EXCEPT ![r] = IF @ = "copy" THEN "ask" ELSE @]
    /\ UNCHANGED <<quorumVars, nodeVars, log, trimmed, primaryVars, clientVars, budgets>>

\* It asks to be counted. Refused, it asks again with more.
AskReady(r) ==
    /\ Follows(r) /\ stage[r] = "ask"
    /\ LET p == Leader(r)
           reached == Max(link[p][r].synced, synced[r])
           held == Max(link[p][r].acked, reached)
           holds == held >= trimmed[p]
           ready == holds /\ (reached >= done[p] \/ Bug = "readyEarly")
       IN /\ link[p][r].joined
          /\ link' = [link EXCEPT ![p][r] = [@ EXCEPT !.synced = reached, !.acked = held,
                                                      !.holds = holds]]
          /\ stage' = [stage EXCEPT ![r] = IF ready THEN "ready" ELSE @]
          /\ <<link', stage'>> # <<link, stage>>
    /\ UNCHANGED <<quorumVars, nodeVars, dataVars, done, clientVars, budgets>>

\* The quorum hears it: in its epoch, it serves from now on.
BecomeServing(r) ==
    /\ up[r] /\ r \in live /\ stage[r] = "ready"
    /\ known[r].e = view.e
    /\ view' = CaughtUp(view, r)
    /\ trust' = [w \in Writes |->
                    IF trust[w] = {} THEN {} ELSE Kept(view')[w] \cup {r}]
    /\ UNCHANGED <<live, pos, nodeVars, dataVars, primaryVars, stage, acked, flush, flushed,
                   budgets>>

-----------------------------------------------------------------------------
(* Clients *)

\* R4: a read is answered from what is finished. It shows the write, so it is promised from then on.
MayRead(p, w) ==
    /\ Acts(p) \/ (Bug = "readWithoutLease" /\ IsPrimary(p) /\ Reconciled(p))
    /\ \A i \in (done[p] + 1)..End(p) : log[p][i].w # w \/ Bug = "readUnfinished"

Read(p, w) ==
    /\ MayRead(p, w) /\ w \in Ops(log[p]) /\ w \notin acked
    /\ acked' = acked \cup {w}
    /\ trust' = [trust EXCEPT ![w] = {r \in Serving(known[p]) :
                                        up[r] /\ view.st[r] \in {"SERVING", "LAST"}}]
    /\ UNCHANGED <<quorumVars, nodeVars, dataVars, primaryVars, stage, flush, flushed, budgets>>

\* The retry of a write that is finished here, though the one who numbered it could not answer.
Retry(p, w) ==
    /\ Acts(p) /\ Enough(known[p])
    /\ MayRead(p, w) /\ w \in Ops(log[p]) /\ w \notin acked
    /\ acked' = acked \cup {w}
    /\ trust' = [trust EXCEPT ![w] = Believed(p)]
    /\ UNCHANGED <<quorumVars, nodeVars, dataVars, primaryVars, stage, flush, flushed, budgets>>

\* A flush of everything that was acknowledged asks each replica that serves in the client's view.
StartFlush(r) ==
    /\ flushes < FlushesMax
    /\ acked # {}
    /\ up[r] /\ known[r].e > 0 /\ Serving(known[r]) # {}
    /\ flush' = [e |-> known[r].e, need |-> Serving(known[r]), got |-> {}, of |-> acked]
    /\ flushes' = flushes + 1
    /\ UNCHANGED <<quorumVars, nodeVars, dataVars, primaryVars, stage, acked, trust, flushed,
                   crashes, lapses, fails>>

AnswerFlush(r) ==
    /\ flush.e > 0 /\ r \in flush.need \ flush.got
    /\ up[r] /\ lease[r] /\ known[r].e = flush.e
    /\ Enough(known[r]) \/ Bug = "flushAlone"
    /\ synced' = [synced EXCEPT ![r] = End(r)]
    /\ LET got == flush.got \cup {r}
           over == got = flush.need
       IN /\ flushed' = IF over THEN flushed \cup flush.of ELSE flushed
          /\ flush' = IF over THEN [e |-> 0, need |-> {}, got |-> {}, of |-> {}]
                              ELSE [flush EXCEPT !.got = got]
    /\ UNCHANGED <<quorumVars, nodeVars, log, trimmed, primaryVars, stage, acked, trust, budgets>>

-----------------------------------------------------------------------------
Returns(r) == Register(r) /\ (~StaysDown \/ up[r])
Restarts(r) == Register(r) /\ StaysDown /\ ~up[r]

Progress ==
    \/ \E r \in Replicas :
        \/ NodeLost(r) \/ Returns(r) \/ Renew(r) \/ TakeView(r)
        \/ Join(r) \/ Harden(r) \/ AskReady(r) \/ BecomeServing(r) \/ Finish(r)
    \/ ElectLast
    \/ \E p, b \in Replicas :
        AskTail(p, b) \/ ReportFailed(p, b) \/ Replicate(p, b) \/ Acknowledge(p, b)
            \/ TellFinished(p, b)
    \/ \E p \in Replicas, w \in Writes : Submit(p, w) \/ Retry(p, w)

Next ==
    \/ Progress
    \/ \E r \in Replicas : Crash(r) \/ Lapse(r) \/ Restarts(r) \/ StartFlush(r) \/ AnswerFlush(r)
    \/ \E p, b \in Replicas : FailSlow(p, b)
    \/ \E p \in Replicas, w \in Writes : Read(p, w)

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ WF_vars(Progress)

-----------------------------------------------------------------------------
(* What holds *)

\* The replica that leads, in the present epoch and reconciled.
Leads(p) == view.e = known[p].e /\ IsPrimary(p) /\ Reconciled(p)

\* An acknowledged write is there while one of the replicas that the quorum counts on for it - they
\* serve, or were the last to - has not crashed since, and the quorum did not give these up.
AcknowledgedSurvives ==
    \A p \in Replicas : Leads(p) =>
        \A w \in acked : trust[w] # {} => w \in Ops(log[p])

\* A flushed write is there, whoever crashed.
FlushedSurvives == \A p \in Replicas : Leads(p) => flushed \subseteq Ops(log[p])

\* It is durable on each that serves or was the last to: any of them may be the only one left.
FlushedIsDurable ==
    \A r \in Serving(view) \cup Last(view) :
        flushed \subseteq Ops(SubSeq(log[r], 1, synced[r]))

\* Whoever answers reads shows every write that was acknowledged or read before.
ReadsAreCurrent ==
    \A p \in Replicas, w \in acked :
        MayRead(p, w) /\ trust[w] # {} => w \in Ops(log[p])

\* At most one replica acts as the primary.
OnePrimary == Cardinality({p \in Replicas : Acts(p)}) <= 1

\* R3: of two serving replicas that know the same view, one is a prefix of the other.
IsPrefix(a, b) == Len(a) <= Len(b) /\ SubSeq(b, 1, Len(a)) = a
OneHistory ==
    \A r, s \in Replicas :
        (SameView(r, s) /\ known[r].e > 0 /\ {r, s} \subseteq Serving(known[r])) =>
            IsPrefix(log[r], log[s]) \/ IsPrefix(log[s], log[r])

\* R13: no request is in an order twice.
AppliedOnce == \A r \in Replicas : Cardinality(Ops(log[r])) = Len(log[r])

\* The same as WritesFinish, for quick looks: every step of Progress brings the end nearer.
NeverStuck == (ENABLED Progress) \/ acked = Writes

\* Every write ends well once the faults are over.
WritesFinish == <>(acked = Writes)
=============================================================================
