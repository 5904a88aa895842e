@NullMarked
package io.coppice.tls;

import org.jspecify.annotations.NullMarked;
