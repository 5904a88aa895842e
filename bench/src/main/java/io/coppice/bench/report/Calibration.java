package io.coppice.bench.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/// How fast the machine is just now, since shared ones drift: SHA-256 on one core, and one byte to
/// another process and back over two pipes, which is what waking a sleeping thread twice costs.
final class Calibration {
    private static final int HASHED_MIB = 200;
    private static final int HASHED_MIB_WARM = 60;
    private static final int ROUND_TRIPS = 3000;
    private static final int ROUND_TRIPS_WARM = 500;
    private static final int MIB = 1 << 20;

    private Calibration() {}

    static Figures measure() throws IOException {
        hash(HASHED_MIB_WARM);
        return new Figures()
                .put("calibration.sha", Math.rint(hash(HASHED_MIB)))
                .put("calibration.pingpong", Math.rint(pingPong() * 10) / 10);
    }

    /// 10^6 bytes a second.
    private static double hash(int mib) {
        var block = new byte[MIB];
        MessageDigest digest = sha();
        long start = System.nanoTime();
        for (int i = 0; i < mib; i++) {
            digest.update(block);
        }
        digest.digest();
        return (double) mib * MIB * 1e3 / (System.nanoTime() - start);
    }

    /// Microseconds of the median round trip through `cat`.
    private static double pingPong() throws IOException {
        Process cat = new ProcessBuilder("cat").start();
        var micros = new ArrayList<Double>();
        try (OutputStream out = cat.getOutputStream();
                InputStream in = cat.getInputStream()) {
            for (int i = -ROUND_TRIPS_WARM; i < ROUND_TRIPS; i++) {
                long start = System.nanoTime();
                out.write(1);
                out.flush();
                if (in.read() < 0) {
                    throw new IOException("cat ended");
                }
                if (i >= 0) {
                    micros.add((System.nanoTime() - start) / 1e3);
                }
            }
        } finally {
            Commands.stop(cat);
        }
        return Figures.median(List.copyOf(micros));
    }

    private static MessageDigest sha() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
