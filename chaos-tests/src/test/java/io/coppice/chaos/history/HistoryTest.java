package io.coppice.chaos.history;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.chaos.history.Event.Type;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {
    @TempDir Path dir;

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Event read = Event.invoke(10, 1, "read", "v/1", 0);
        Event write = Event.invoke(20, 2, "write", "v/1", 7);
        Event flush = Event.invoke(50, 2, "flush", "v", 0);
        Path file = dir.resolve("a.jsonl");
        try (var writer = new HistoryWriter(file)) {
            writer.write(write);
            writer.write(read);
            writer.write(read.ended(30, Type.OK, 7, null));
            writer.write(write.ended(40, Type.INFO, 7, "no \"answer\""));
            writer.write(flush);
            writer.write(flush.ended(60, new long[] {7, 8}));
            writer.write(Event.invoke(70, 2, "write", "v/1", 9));
        }
        Files.writeString(file, "{\"time\":80,\"proc", StandardOpenOption.APPEND);
        History history = History.read(List.of(file));
        List<Operation> operations = history.operations();
        assertEquals(4, operations.size());
        assertEquals(7, operations.get(0).value());
        assertEquals(30, operations.get(0).end());
        assertEquals(Operation.NEVER, operations.get(1).end());
        assertEquals("no \"answer\"", operations.get(1).error());
        assertArrayEquals(new long[] {7, 8}, operations.get(2).values());
        assertEquals(Type.INFO, operations.get(3).type());
        var edn = new StringWriter();
        history.writeEdn(edn);
        assertEquals(
                "{:index 0, :time 10, :process 1, :type :invoke, :f :read, :key \"v/1\", :value nil}",
                edn.toString().lines().findFirst().orElseThrow());
    }
}
