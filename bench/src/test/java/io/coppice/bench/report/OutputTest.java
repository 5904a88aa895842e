package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/// What readers get: Markdown, JSON, SVG.
class OutputTest {
    private final Report report = Sample.report();

    @Test
    void everyTableRowHasItsColumns() {
        String text = MarkdownReport.write(report, Set.of("iops.svg"));
        int columns = 0;
        for (String line : text.lines().toList()) {
            if (!line.startsWith("|")) {
                columns = 0;
                continue;
            }
            int here = line.replace("\\|", "").split("\\|", -1).length;
            columns = columns == 0 ? here : columns;
            assertEquals(columns, here, line);
        }
    }

    @Test
    void markdownShowsFiguresRatiosAndFailures() {
        String text = MarkdownReport.write(report, Set.of("iops.svg"));
        assertTrue(
                text.contains("| Coppice | flush | write | 3,000 | 12.3 | 100 µs | 300 µs |"),
                text);
        assertTrue(text.contains("| Coppice | always | 0.050 x | 3.00 x |"), text);
        assertTrue(text.contains("- r1, Coppice, flush: fio ended"), text);
        assertTrue(text.contains("stored 1.00 MiB"), text);
        assertTrue(text.contains("![iops.svg](iops.svg)"), text);
    }

    @Test
    void jsonKeepsEveryRun() {
        Json json = Json.parse(JsonReport.write(report));
        Json row = json.get("rows").at(0);
        assertEquals("w1", row.get("row").text());
        assertEquals(3000, row.get("runs").at(0).get("iops").number(0));
        assertEquals("2 x <fast> & \"cheap\" | one", json.get("facts").get("processor").text());
        assertTrue(
                json.get("targets").elements().stream().anyMatch(one -> one.get("met").isThere()));
    }

    @Test
    void chartsAreXmlWithABarForEachValue() throws Exception {
        Map<String, String> charts = Charts.of(report);
        assertTrue(charts.containsKey("iops.svg"));
        assertFalse(charts.containsKey("throughput.svg"), "nobody has a row of it");
        for (String svg : charts.values()) {
            assertEquals("svg", parse(svg).getDocumentElement().getTagName());
        }
    }

    @Test
    void barsAreAsLongAsTheirLogarithms() throws Exception {
        var series =
                new BarChart.Series(
                        "a < b & c",
                        List.of(
                                OptionalDouble.of(10),
                                OptionalDouble.of(100),
                                OptionalDouble.empty()));
        Document svg = parse(new BarChart("t", List.of("x", "y", "z"), List.of(series)).svg());
        var rectangles = svg.getElementsByTagName("rect");
        List<Double> widths =
                java.util.stream.IntStream.range(0, rectangles.getLength())
                        .mapToObj(i -> (Element) rectangles.item(i))
                        .filter(bar -> bar.getAttribute("height").equals("11"))
                        .map(bar -> Double.valueOf(bar.getAttribute("width")))
                        .toList();
        assertEquals(2, widths.size());
        assertEquals(2.0, widths.get(1) / widths.get(0), 0.01); // from 1 to 1,000 on the axis
    }

    @Test
    void numbersAreShort() {
        assertEquals("1.5k", Numbers.shortly(1500));
        assertEquals("100", Numbers.shortly(100));
        assertEquals("30k", Numbers.shortly(30_000));
        assertEquals("0.01", Numbers.shortly(0.01));
        assertEquals("1.50 ms", Numbers.micros(OptionalDouble.of(1500)));
        assertEquals("-", Numbers.show(OptionalDouble.empty()));
    }

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }
}
