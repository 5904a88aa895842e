/// What the judges must let pass, and what not.
@org.jspecify.annotations.NullMarked
package io.coppice.check;
