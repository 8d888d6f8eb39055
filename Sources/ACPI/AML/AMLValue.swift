/// A string, buffer or package in the heap.
struct AMLObjectIndex: Equatable, Sendable {
  var rawValue: UInt32
}

/// A name in the namespace, and which of its users: places of removed names are used again.
public struct AMLNode: Equatable, Sendable {
  /// Its place in the table of names.
  var index: UInt32
  /// How often the place was used before.
  var generation: UInt32

  /// `\`, the root of all names.
  public static let root = AMLNode(index: 0, generation: 0)
}

/// Where a reference leads.
enum AMLReference: Equatable, Sendable {
  /// To a named object, made by RefOf.
  case node(AMLNode)
  /// To a named object, as an element of a package: a device, a method and the like.
  case named(AMLNode)
  /// To local variable 0...7 or argument 8...14 of the method call with this serial number.
  case slot(call: UInt32, UInt8)
  /// To an element of a package, made by Index.
  case element(AMLObjectIndex, UInt32)
  /// To a byte of a buffer or string, made by Index.
  case byte(AMLObjectIndex, UInt32)
}

/// What AML computes with. A plain value: what is large lies in the heap, so copies cost nothing and there are no cycles.
enum AMLValue: Equatable, Sendable {
  case uninitialized
  case integer(UInt64)
  case string(AMLObjectIndex)
  case buffer(AMLObjectIndex)
  case package(AMLObjectIndex)
  case reference(AMLReference)
  /// An object that has no value of its own, such as a device or a mutex.
  case object(AMLNode)
  /// An element of a package: a name that was not defined yet when the package was.
  case unresolved(UInt32)
  /// A loaded table.
  case table(UInt32)
  /// The debug object.
  case debug
}

/// Types as the ObjectType operator numbers them. Source: ACPI 6.5, table 19.32.
public enum AMLObjectType: UInt64, Sendable {
  case uninitialized, integer, string, buffer, package, fieldUnit, device, event, method, mutex, operationRegion
  case powerResource, processor, thermalZone, bufferField, table, debug
}

/// An operand that an operator waits for with.
///
/// Variables are read when the operator runs, as ACPICA does: a later operand that changes them is seen.
enum AMLOperand: Equatable, Sendable {
  case value(AMLValue)
  /// Local variable 0...7 or argument 8...14 of the current call.
  case slot(UInt8)
  case node(AMLNode)
  /// A target that is left out.
  case none
  /// A name in the code at this offset, for an operator that defines it.
  case name(UInt32)
  /// A constant that is part of the operator.
  case constant(UInt64)
}
