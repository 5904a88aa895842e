package io.coppice.node.store;

import io.coppice.port.Disk.DiskFile;
final class Segment { DiskFile file() { throw new IllegalStateException(); } }
