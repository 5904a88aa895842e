package io.coppice.cli;

import java.util.ArrayList;
import java.util.List;

/// Rows of text under headings, columns padded to their widest cell; numbers stand to the right.
final class Table {
    private final List<String> headings;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... headings) {
        this.headings = List.of(headings);
    }

    Table row(Object... cells) {
        List<String> row = new ArrayList<>(cells.length);
        for (Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        if (row.size() != headings.size()) {
            throw new IllegalArgumentException(
                    row.size() + " cells under " + headings.size() + " headings");
        }
        rows.add(row);
        return this;
    }

    @Override
    public String toString() {
        int[] widths = new int[headings.size()];
        boolean[] right = new boolean[headings.size()];
        for (int column = 0; column < widths.length; column++) {
            widths[column] = width(headings.get(column));
            right[column] = !rows.isEmpty();
            for (List<String> row : rows) {
                widths[column] = Math.max(widths[column], width(row.get(column)));
                right[column] &= isQuantity(row.get(column));
            }
        }
        StringBuilder out = new StringBuilder();
        appendRow(out, headings, widths, right);
        rows.forEach(row -> appendRow(out, row, widths, right));
        return out.substring(0, out.length() - 1);
    }

    private static void appendRow(
            StringBuilder out, List<String> cells, int[] widths, boolean[] right) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String cell = cells.get(column);
            int padding = widths[column] - width(cell);
            line.repeat(' ', right[column] ? padding : 0)
                    .append(cell)
                    .repeat(' ', right[column] ? 0 : padding);
            line.append("  ");
        }
        out.append(line.toString().stripTrailing()).append('\n');
    }

    private static boolean isQuantity(String cell) {
        return cell.equals("-")
                || !cell.isEmpty()
                        && Character.isDigit(cell.charAt(0))
                        && cell.indexOf(':') < 0
                        && cell.chars().filter(c -> c == '-').count() < 2;
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
