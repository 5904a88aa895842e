@NullMarked
package io.coppice.cli.image;

import org.jspecify.annotations.NullMarked;
