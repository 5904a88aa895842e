package io.coppice.bench;

import java.io.IOException;

/// Runs benchmarks: `java -jar bench/target/coppice-bench-0.1.0.jar [JMH options] [regular
/// expression]`.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
        org.openjdk.jmh.Main.main(arguments);
    }
}
