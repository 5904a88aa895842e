package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GrowthTest {
    @Test
    void everyFigureIsWrittenThreeTimes(@TempDir Path out) throws Exception {
        Growth growth = sample();
        growth.write(out);
        String text = Files.readString(out.resolve("growth.md"));
        assertTrue(text.contains("| | 10 | 1,000 |"), text);
        assertTrue(text.contains("| clone, ms | 1.50 | - |"), text);
        assertTrue(text.contains("| open, ms | 2.00 | 4.00 |"), text);
        Json json = Json.parse(Files.readString(out.resolve("growth.json")));
        assertEquals(4, json.get("volumes").get("open, ms").get("1000").number(0));
        var chart =
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(out.resolve("growth-volumes.svg").toFile());
        assertEquals(3, chart.getElementsByTagName("circle").getLength());
        assertEquals(2, chart.getElementsByTagName("polyline").getLength());
    }

    @Test
    void whatWasMeasuredBeforeAFailureIsThere(@TempDir Path out) throws IOException {
        var growth = new Growth(Map.of());
        growth.axis("depth", "Depth", "Nothing yet.");
        growth.write(out);
        assertTrue(Files.readString(out.resolve("growth.md")).contains("## Depth"));
    }

    @Test
    void placesAreOfAllRows() {
        Growth growth = new Growth(Map.of());
        Growth.Axis axis = growth.axis("a", "A", "");
        axis.put("x", 100, 1);
        axis.put("y", 1, 1);
        assertEquals(List.of(1L, 100L), axis.places());
    }

    private static Growth sample() {
        var growth = new Growth(Map.of("java", "25"));
        Growth.Axis axis = growth.axis("volumes", "Volumes", "Few & <many>.");
        axis.put("clone, ms", 10, 1.5);
        axis.put("open, ms", 10, 2);
        axis.put("open, ms", 1000, 4);
        return growth;
    }
}
