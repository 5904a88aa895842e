/// One chaos run from its beginning to its report: the harness, the processes of its clients, and
/// the command.
@NullMarked
package io.coppice.chaos.run;

import org.jspecify.annotations.NullMarked;
