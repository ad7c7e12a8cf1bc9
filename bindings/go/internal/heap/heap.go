// Package heap tells how much of C's memory is in use, for the tests.
package heap

// #include <malloc.h>
import "C"

// InUse is how many bytes malloc has given and not taken back.
func InUse() int { return int(C.mallinfo2().uordblks) }
