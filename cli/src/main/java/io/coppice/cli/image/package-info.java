/// What leaves and enters a cluster as a file: raw images, and differences between two sources,
/// whose format docs/streams.md draws.
///
/// Pure byte handling over streams; who reads the blocks and where they go is the caller's
/// business.
@NullMarked
package io.coppice.cli.image;

import org.jspecify.annotations.NullMarked;
