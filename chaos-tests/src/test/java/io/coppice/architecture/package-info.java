/// The house rules as tests: which room may see which, what may stand in a file, how it is laid
/// out. These tests look at the whole repository (sources, poms, documents, compiled classes of
/// every module), so they run last. A rule that hurts is changed here and in `docs/STYLE.md` in one
/// commit; it is never suppressed in place.
@NullMarked
package io.coppice.architecture;

import org.jspecify.annotations.NullMarked;
