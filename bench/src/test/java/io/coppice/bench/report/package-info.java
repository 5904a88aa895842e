/// Tests of what the report makes of text: no process, no clock, no cluster.
@NullMarked
package io.coppice.bench.report;

import org.jspecify.annotations.NullMarked;
