//! DPDK EAL arguments from a snapshot.
