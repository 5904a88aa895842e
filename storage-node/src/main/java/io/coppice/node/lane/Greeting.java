package io.coppice.node.lane;

import com.google.protobuf.ByteString;
import io.coppice.wire.pb.Hello;
import java.util.function.Supplier;

/// How this node introduces itself to others.
///
/// @param pass what it shows as one of their kind; empty: nothing is asked for. Another object is
///   another pass
public record Greeting(Hello hello, Supplier<ByteString> pass) {}
