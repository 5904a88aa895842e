/// What clients of a chaos run asked for and were told: the record that everything is judged by.
@NullMarked
package io.coppice.chaos.history;

import org.jspecify.annotations.NullMarked;
