/// Judges that see nothing but what was asked for and what was answered. No threads, no clocks.
@NullMarked
package io.coppice.check;

import org.jspecify.annotations.NullMarked;
