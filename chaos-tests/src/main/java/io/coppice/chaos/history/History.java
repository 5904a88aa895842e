package io.coppice.chaos.history;

import com.google.gson.stream.JsonReader;
import io.coppice.chaos.history.Event.Type;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// All events of a run, in the order of time.
public final class History {
    private final List<Event> events;

    public History(List<Event> events) {
        this.events = new ArrayList<>(events);
        this.events.sort(Comparator.comparingLong(Event::nanos));
    }

    /// Of files that [HistoryWriter]s wrote; a last line that is not whole was not written.
    public static History read(List<Path> files) throws IOException {
        var events = new ArrayList<Event>();
        for (Path file : files) {
            try (BufferedReader lines = Files.newBufferedReader(file)) {
                String line = lines.readLine();
                while (line != null) {
                    if (line.endsWith("}")) {
                        events.add(parse(line));
                    }
                    line = lines.readLine();
                }
            }
        }
        return new History(events);
    }

    private static Event parse(String line) throws IOException {
        long nanos = 0;
        int process = 0;
        Type type = Type.INVOKE;
        String f = "";
        String key = "";
        long value = 0;
        long[] values = null;
        String error = null;
        try (var json = new JsonReader(new StringReader(line))) {
            json.beginObject();
            while (json.hasNext()) {
                switch (json.nextName()) {
                    case "time" -> nanos = json.nextLong();
                    case "process" -> process = json.nextInt();
                    case "type" -> type = Type.valueOf(json.nextString().toUpperCase(Locale.ROOT));
                    case "f" -> f = json.nextString();
                    case "key" -> key = json.nextString();
                    case "value" -> value = json.nextLong();
                    case "values" -> values = longs(json);
                    case "error" -> error = json.nextString();
                    default -> json.skipValue();
                }
            }
            json.endObject();
        }
        return new Event(nanos, process, type, f.intern(), key.intern(), value, values, error);
    }

    private static long[] longs(JsonReader json) throws IOException {
        var values = new long[16];
        int count = 0;
        json.beginArray();
        while (json.hasNext()) {
            if (count == values.length) {
                values = Arrays.copyOf(values, 2 * count);
            }
            values[count++] = json.nextLong();
        }
        json.endArray();
        return Arrays.copyOf(values, count);
    }

    public List<Event> events() {
        return events;
    }

    /// In the order of their starts.
    public List<Operation> operations() {
        var done = new ArrayList<Operation>();
        Map<Integer, Event> open = new HashMap<>();
        for (Event event : events) {
            if (event.type() == Type.INVOKE) {
                Event lost = open.put(event.process(), event);
                if (lost != null) {
                    done.add(Operation.of(lost, null));
                }
            } else {
                Event invoked = open.remove(event.process());
                if (invoked == null) {
                    throw new IllegalArgumentException("no invocation of " + event);
                }
                done.add(Operation.of(invoked, event));
            }
        }
        open.values().forEach(lost -> done.add(Operation.of(lost, null)));
        done.sort(Comparator.comparingLong(Operation::start));
        return done;
    }

    /// One map a line, as Knossos and Elle read them: `{:process 1, :type :ok, :f :read, ...}`.
    public void writeEdn(Writer to) throws IOException {
        int index = 0;
        for (Event event : events) {
            var text = new StringBuilder();
            text.append("{:index ").append(index++);
            text.append(", :time ").append(event.nanos());
            text.append(", :process ").append(event.process());
            text.append(", :type :").append(event.type().name().toLowerCase(Locale.ROOT));
            text.append(", :f :").append(event.f());
            text.append(", :key \"").append(event.key()).append('"');
            text.append(", :value ").append(ednValue(event));
            if (event.error() != null) {
                text.append(", :error \"").append(escaped(event.error())).append('"');
            }
            to.append(text.append("}\n"));
        }
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }

    private static String ednValue(Event event) {
        long @Nullable [] values = event.values();
        if (values != null) {
            return Arrays.toString(values).replace(",", "");
        }
        boolean none = event.f().equals("read") && event.type() != Type.OK;
        return none ? "nil" : Long.toString(event.value());
    }
}
