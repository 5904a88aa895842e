/// The words of Coppice as types: ids, sizes, invariants. Pure: no clock, thread, socket or file.
/// Everyone may use it; it uses nobody.
@NullMarked
package io.coppice.model;

import org.jspecify.annotations.NullMarked;
