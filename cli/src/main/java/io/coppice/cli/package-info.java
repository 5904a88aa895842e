/// The `coppice` command: one class per verb, which asks the quorum or the client library, prints,
/// and exits.
///
/// [io.coppice.cli.Main] is the root of the command tree and the only place where failures become
/// exit codes ([io.coppice.cli.ExitCode]) and a line on stderr. Verbs build plain data (maps,
/// lists, numbers, strings) in [io.coppice.cli.Views]; [io.coppice.cli.Output] shows it as a table,
/// JSON or YAML, so the names that scripts rely on are in one file. Everything runs on the main
/// thread and blocks; a verb owns what it opens and closes it. Starting and stopping servers is
/// next door, in `io.coppice.cli.local`; the formats of images and differences are in
/// `io.coppice.cli.image`.
@NullMarked
package io.coppice.cli;

import org.jspecify.annotations.NullMarked;
