/// What breaks clusters: each kind of fault, and who decides when which one strikes.
@NullMarked
package io.coppice.chaos.nemesis;

import org.jspecify.annotations.NullMarked;
