/// Tests of the chaos harness itself.
@org.jspecify.annotations.NullMarked
package io.coppice.chaos.disk;
