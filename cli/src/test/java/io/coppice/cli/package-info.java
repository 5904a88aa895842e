@NullMarked
package io.coppice.cli;

import org.jspecify.annotations.NullMarked;
