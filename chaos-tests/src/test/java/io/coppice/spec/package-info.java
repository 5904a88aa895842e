/// The protocol as a specification in TLA+ (docs/spec), checked by TLC within small bounds.
@NullMarked
package io.coppice.spec;

import org.jspecify.annotations.NullMarked;
