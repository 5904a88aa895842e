package io.coppice.node.format;

import io.coppice.wire.Checksums;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/// The small text file `store` that says whose directory it is.
public record StoreLabel(int format, String cluster, UUID store, int chunkBytes) {
    public static final String FILE_NAME = "store";
    public static final int FORMAT = RecordCodec.FORMAT_VERSION;
    private static final String FIRST_LINE = "coppice store";

    public byte[] encode() {
        String body =
                FIRST_LINE
                        + "\nformat="
                        + format
                        + "\ncluster="
                        + cluster
                        + "\nstore="
                        + store
                        + "\nchunk-bytes="
                        + chunkBytes
                        + "\n";
        return (body + "crc=" + crcOf(body) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /// Throws IllegalArgumentException with one line for an operator. Of a newer format only the
    /// format is read.
    public static StoreLabel decode(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        int crcLine = text.lastIndexOf("crc=");
        if (!text.startsWith(FIRST_LINE + "\n") || crcLine < 0) {
            throw new IllegalArgumentException(
                    "its file '" + FILE_NAME + "' is not one of Coppice");
        }
        if (!text.substring(crcLine + 4).strip().equals(crcOf(text.substring(0, crcLine)))) {
            throw new IllegalArgumentException("its file '" + FILE_NAME + "' is damaged");
        }
        Map<String, String> values = new HashMap<>();
        for (String line : text.split("\n", -1)) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                values.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        int format = Integer.parseInt(values.getOrDefault("format", "0"));
        if (format != FORMAT) {
            throw new IllegalArgumentException(
                    "its format is "
                            + format
                            + ", this version of Coppice reads format "
                            + FORMAT
                            + (format > FORMAT ? ": use a newer version" : ""));
        }
        return new StoreLabel(
                format,
                values.getOrDefault("cluster", ""),
                UUID.fromString(values.getOrDefault("store", "")),
                Integer.parseInt(values.getOrDefault("chunk-bytes", "0")));
    }

    private static String crcOf(String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return Integer.toHexString(Checksums.crc32c(bytes, 0, bytes.length));
    }
}
