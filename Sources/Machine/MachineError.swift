/// Why Machine could not do what boot asked of it.
public enum MachineError: Error {
  /// No physical memory is left for tables that must exist.
  case outOfMemory
  /// Part of a range to map is mapped already; the address says where.
  case alreadyMapped(UInt64)
}
