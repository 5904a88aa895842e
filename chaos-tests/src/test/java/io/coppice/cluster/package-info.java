/// Whole clusters in one process: real servers, real files, real sockets on loopback, compared with
/// naive models.
@NullMarked
package io.coppice.cluster;

import org.jspecify.annotations.NullMarked;
