/// The few system calls that Java has no words for: network devices, mounts. Linux on 64 bits.
@NullMarked
package io.coppice.chaos.linux;

import org.jspecify.annotations.NullMarked;
