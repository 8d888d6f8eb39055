import Foundations

/// What an interpreter needs of the machine: the kernel's, or a test's.
///
/// The interpreter calls it with the state of its code consistent, so it may look at names, but must not evaluate anything.
public protocol AMLHost: AnyObject {
  /// Reads `width` bytes (1, 2, 4 or 8) at `address` of memory, ports, or another space's own addresses.
  ///
  /// - Throws: `.noHandler` for a space that nobody serves, `.accessRefused` for an address that AML may not touch.
  func read(_ space: AMLAddressSpace, at address: UInt64, width: Int) throws(AMLError) -> UInt64
  /// Writes `width` bytes (1, 2, 4 or 8), as `read` reads them.
  func write(_ space: AMLAddressSpace, at address: UInt64, width: Int, _ value: UInt64) throws(AMLError)
  /// Reads `width` bytes (1, 2 or 4) of a PCI function's configuration space.
  func readConfiguration(_ function: PCIFunctionAddress, at offset: UInt64, width: Int) throws(AMLError) -> UInt64
  /// Writes `width` bytes (1, 2 or 4) of a PCI function's configuration space.
  func writeConfiguration(
    _ function: PCIFunctionAddress, at offset: UInt64, width: Int, _ value: UInt64) throws(AMLError)

  /// Waits for so many milliseconds. `AMLInterpreter.evaluate` calls it; who runs executions by hand waits by hand.
  func sleep(milliseconds: UInt64)
  /// Waits for so many microseconds without giving up the CPU.
  func stall(microseconds: UInt64)
  /// Time since some start, in units of 100 ns.
  func timer() -> UInt64

  /// AML notified an object: a device, processor or thermal zone.
  func notify(_ node: AMLNode, value: UInt64)
  /// Takes the lock that is shared with the firmware; false when the firmware has it.
  func acquireGlobalLock() -> Bool
  /// Gives back the lock that is shared with the firmware.
  func releaseGlobalLock()
  /// AML found an error that only an operator can do something about. The code goes on if this returns.
  func fatal(type: UInt8, code: UInt32, argument: UInt64)
  /// AML stored something in the debug object.
  func debug(_ text: Message)
  /// Something is wrong with the firmware, and the interpreter goes on.
  func warn(_ text: Message)

  /// The number of the first ACPI table with these, for LoadTable and DataTableRegion; nil when there is none.
  func findTable(signature: UInt32, oem: UInt64, oemTable: UInt64) -> UInt32?
  /// The length of a table that `findTable` found.
  func tableLength(_ number: UInt32) -> UInt64
  /// Byte `offset` of a table that `findTable` found.
  func tableByte(_ number: UInt32, at offset: UInt64) -> UInt8
}
