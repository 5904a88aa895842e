/// The clients of a chaos run: processes that use volumes by the library or by NBD, and write down
/// what they asked for and were told.
@NullMarked
package io.coppice.chaos.client;

import org.jspecify.annotations.NullMarked;
