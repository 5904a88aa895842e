/// Whether the planted bugs can still be planted.
@org.jspecify.annotations.NullMarked
package io.coppice.planted;
