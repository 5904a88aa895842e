/// The report: one command that measures a fresh cluster beside its limits and a peer, with the
/// same fio lines, and writes what came of it; see `docs/benchmarks.md`.
///
/// [Main] reads the options and calls [Session], which starts the subjects one cluster at a time
/// and runs every [Row] on each [Subject] in turn, on one thread; only fio, the servers and the
/// client library run beside it. Every run yields [Figures]; [Measurement] holds those of one row
/// and subject, [Report] all of them. [Comparisons], [MarkdownReport], [JsonReport] and [BarChart]
/// only read it and touch nothing else. A row that fails is noted in the report and the others go
/// on. Whatever was started is stopped in the end, by its process id.
@NullMarked
package io.coppice.bench.report;

import org.jspecify.annotations.NullMarked;
