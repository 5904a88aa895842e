@NullMarked
package io.coppice.cli.local;

import org.jspecify.annotations.NullMarked;
