package io.coppice.chaos.history;

import com.google.gson.stream.JsonWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/// Appends events to a file, one JSON object a line. What was written is with the system before the
/// call returns, so it outlives a process that is killed. Thread-safe.
public final class HistoryWriter implements Closeable {
    private final FileChannel file;

    public HistoryWriter(Path path) throws IOException {
        file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND);
    }

    public void write(Event event) throws IOException {
        var line = new StringWriter();
        write(event, line);
        var bytes = ByteBuffer.wrap(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    /// All of them, into a new file.
    public static void write(List<Event> events, Path path) throws IOException {
        try (var file = Files.newBufferedWriter(path)) {
            for (Event event : events) {
                write(event, file);
                file.write('\n');
            }
        }
    }

    private static void write(Event event, Writer to) throws IOException {
        var json = new JsonWriter(to);
        json.beginObject();
        json.name("time").value(event.nanos());
        json.name("process").value(event.process());
        json.name("type").value(event.type().name().toLowerCase(Locale.ROOT));
        json.name("f").value(event.f());
        json.name("key").value(event.key());
        long[] values = event.values();
        if (values == null) {
            json.name("value").value(event.value());
        } else {
            json.name("values").beginArray();
            for (long value : values) {
                json.value(value);
            }
            json.endArray();
        }
        if (event.error() != null) {
            json.name("error").value(event.error());
        }
        json.endObject();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
