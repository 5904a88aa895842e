/// How a command ends: its exit code, and the failure that carries one with a line for the user.
@NullMarked
package io.coppice.cli.exit;

import org.jspecify.annotations.NullMarked;
