package io.coppice.bench.report;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the command line asks for.
///
/// @param runs of each timed row; medians are taken over them
/// @param seconds of each run
/// @param rampSeconds before the first run of each row; later ones follow at once and need less
/// @param areaBytes filled first, and used by all rows
/// @param chain depth of the clone at the end of the chain
/// @param peerScripts folder of the peer's scripts, when the peer is to be run as well
/// @param peerResults a results.json of the peer from an earlier run, instead
record Options(
        boolean quick,
        int runs,
        int seconds,
        int rampSeconds,
        long areaBytes,
        int chain,
        Path out,
        Optional<Path> work,
        List<Row> rows,
        List<Durability> durabilities,
        boolean limits,
        boolean library,
        Optional<Path> peerScripts,
        Optional<Path> peerResults) {
    static final String HELP =
            """
            bench/report: measures Coppice beside its limits and a peer, and writes a report.

              --quick                     runs of 4 s, one each, 512 MiB: does it work at all?
              --runs N                    runs of each row (3); the report shows medians
              --seconds N                 of each run (20)
              --ramp N                    seconds of load before the first run of each row (60)
              --area SIZE                 filled first and used by all rows (4g)
              --chain N                   depth of the deepest clone (1000)
              --only ROW,ROW              these rows only; the area is filled anyway
              --durability flush|always|both   of the cluster (both, one after the other)
              --limits | --no-limits      nbdkit memory, nbdkit file, the local disk (on)
              --library | --no-library    the client library without NBD (on)
              --peer ceph --peer-scripts DIR   runs the peer's bench.sh of DIR first
              --peer ceph --peer-results FILE  reads a results.json of an earlier run of it
              --out DIR                   where the report goes (bench/target/report)
              --work DIR                  where clusters and files live (a temporary folder)

            Rows: %s.
            """;
    private static final long QUICK_AREA_BYTES = 512L << 20;

    /// Throws with one line for the user when something is wrong.
    static Options parse(List<String> arguments, Path outDefault) {
        var left = new ArrayDeque<>(arguments);
        boolean quick = arguments.contains("--quick");
        int runs = quick ? 1 : 3;
        int seconds = quick ? 4 : 20;
        int ramp = quick ? 2 : 60;
        long area = quick ? QUICK_AREA_BYTES : 4L << 30;
        int chain = 1000;
        Path out = outDefault;
        Optional<Path> work = Optional.empty();
        List<Row> rows = List.of(Row.values());
        List<Durability> durabilities = List.of(Durability.FLUSH, Durability.ALWAYS);
        boolean limits = true;
        boolean library = true;
        boolean peer = true;
        Optional<Path> scripts = Optional.empty();
        Optional<Path> results = Optional.empty();
        while (!left.isEmpty()) {
            String option = left.removeFirst();
            switch (option) {
                case "--quick" -> {}
                case "--limits" -> limits = true;
                case "--no-limits" -> limits = false;
                case "--library" -> library = true;
                case "--no-library" -> library = false;
                case "--runs" -> runs = count(option, left, 1);
                case "--seconds" -> seconds = count(option, left, 3);
                case "--ramp" -> ramp = count(option, left, 0);
                case "--chain" -> chain = count(option, left, 1);
                case "--area" -> area = size(value(option, left));
                case "--out" -> out = Path.of(value(option, left));
                case "--work" -> work = Optional.of(Path.of(value(option, left)));
                case "--only" -> rows = rows(value(option, left));
                case "--durability" -> durabilities = durabilities(value(option, left));
                case "--peer" -> peer = peer(value(option, left));
                case "--peer-scripts" -> scripts = Optional.of(Path.of(value(option, left)));
                case "--peer-results" -> results = Optional.of(Path.of(value(option, left)));
                default -> throw new IllegalArgumentException("unknown option " + option);
            }
        }
        if (peer && arguments.contains("--peer") && scripts.isEmpty() && results.isEmpty()) {
            throw new IllegalArgumentException(
                    "--peer ceph needs --peer-scripts or --peer-results");
        }
        return new Options(
                quick,
                runs,
                seconds,
                ramp,
                area,
                chain,
                out.toAbsolutePath().normalize(),
                work,
                rows,
                durabilities,
                limits,
                library,
                peer ? scripts : Optional.empty(),
                peer ? results : Optional.empty());
    }

    /// `512m`, `4g`, `1GiB` or bytes; whole chunks.
    static long size(String text) {
        String lower = text.toLowerCase(java.util.Locale.ROOT).replaceFirst("(ib|b)$", "");
        int shift =
                switch (lower.isEmpty() ? ' ' : lower.charAt(lower.length() - 1)) {
                    case 'k' -> 10;
                    case 'm' -> 20;
                    case 'g' -> 30;
                    case 't' -> 40;
                    default -> 0;
                };
        String digits = shift == 0 ? lower : lower.substring(0, lower.length() - 1);
        if (!digits.matches("[0-9]{1,12}")) {
            throw new IllegalArgumentException("not a size: " + text);
        }
        long bytes = Long.parseLong(digits) << shift;
        if (bytes < 64 << 20 || bytes % (4 << 20) != 0) {
            throw new IllegalArgumentException(
                    "the area is a multiple of 4 MiB and 64 MiB at least, not " + text);
        }
        return bytes;
    }

    private static List<Row> rows(String text) {
        var rows = new ArrayList<Row>();
        for (String key : text.split(",")) {
            rows.add(Row.of(key).orElseThrow(() -> new IllegalArgumentException("no row " + key)));
        }
        rows.sort(null);
        return List.copyOf(rows);
    }

    private static List<Durability> durabilities(String text) {
        return switch (text) {
            case "flush" -> List.of(Durability.FLUSH);
            case "always" -> List.of(Durability.ALWAYS);
            case "both" -> List.of(Durability.FLUSH, Durability.ALWAYS);
            default ->
                    throw new IllegalArgumentException(
                            "--durability is flush, always or both, not " + text);
        };
    }

    private static boolean peer(String text) {
        return switch (text) {
            case "ceph" -> true;
            case "none" -> false;
            default -> throw new IllegalArgumentException("--peer is ceph or none, not " + text);
        };
    }

    private static int count(String option, ArrayDeque<String> left, int min) {
        String text = value(option, left);
        if (!text.matches("[0-9]{1,6}") || Integer.parseInt(text) < min) {
            throw new IllegalArgumentException(
                    option + " needs a number from " + min + " on, not " + text);
        }
        return Integer.parseInt(text);
    }

    private static String value(String option, ArrayDeque<String> left) {
        String value = left.pollFirst();
        if (value == null) {
            throw new IllegalArgumentException(option + " needs a value");
        }
        return value;
    }
}
