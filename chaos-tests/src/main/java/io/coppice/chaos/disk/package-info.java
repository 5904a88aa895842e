/// Disks of a chaos run: a file system in this process that forgets what was not synced when its
/// power goes, fails, lies, fills up, slows down or hangs as it is told.
@NullMarked
package io.coppice.chaos.disk;

import org.jspecify.annotations.NullMarked;
