/// What a chaos run looked like: a page for people, figures for a table.
@NullMarked
package io.coppice.chaos.report;

import org.jspecify.annotations.NullMarked;
