/// A whole cluster on one machine: what lies where, which ports, which processes, in which order
/// they start and stop.
///
/// `D` is the directory of the cluster, `.coppice` by default:
///
/// ```
/// D/etc/cluster.conf   who takes part and on which ports; written once
/// D/etc/NAME.conf      what one server is told; written once, may be edited
/// D/tls/ca/            the cluster's certificate authority
/// D/tls/NAME/          the credentials of one server; `admin`: of whoever types commands here
/// D/data/NAME/         what one server keeps
/// D/log/NAME.log       what one server says; NAME.err: what it said before it could log
/// D/run/NAME.pid       a running process: its pid, under a lock that dies with it
/// D/run/cluster.json   a cluster that serves: where to reach it
/// ```
///
/// This is a wiring room: the only one that starts servers of several modules. Invariants: a
/// process is signalled only when it holds the lock on its pid file and its command line is ours;
/// `cluster.json` exists only between the moment when the cluster serves and the moment when it is
/// asked to stop (or was killed). Failures are [io.coppice.cli.exit.CliException]s.
@NullMarked
package io.coppice.cli.local;

import org.jspecify.annotations.NullMarked;
