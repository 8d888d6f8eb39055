import Foundations

/// A value that has a form in a program's memory: the structures of the ABI.
///
/// Described by its bytes and not by Swift's layout of it, so that no pattern a program writes is an invalid value, and no
/// padding carries the kernel's memory out.
public protocol UserValue {
  /// Bytes of the form, at least 1 and few enough for the stack.
  static var userByteCount: Int { get }
  /// Takes a value from its form, whatever the bytes.
  init(userBytes: Span<UInt8>)
  /// Writes the form; every byte of `bytes` was zero before.
  func write(toUserBytes bytes: inout MutableSpan<UInt8>)
}

/// Where a program says that it has, or wants, values of one type. Not checked until it is used.
public struct UserPointer<Value>: Sendable {
  /// The address, which may be anything.
  public let address: UInt64

  /// Names the value at `address`.
  @inline(__always)
  public init(_ address: UInt64) { self.address = address }

  /// Whether the program passed NULL.
  @inline(__always)
  public var isNull: Bool { address == 0 }

  /// The address of value number `index` of an array whose values have `byteCount` bytes each.
  ///
  /// - Throws: `EFAULT` when there is no such address.
  @inline(__always)
  fileprivate func address(of index: Int, byteCount: Int) throws(Errno) -> UInt64 {
    let (offset, isTooFar) = UInt64(byteCount).multipliedReportingOverflow(by: UInt64(bitPattern: Int64(index)))
    let (address, isPastEnd) = address.addingReportingOverflow(offset)
    guard index >= 0, !isTooFar, !isPastEnd else { throw .EFAULT }
    return address
  }
}

extension UserPointer where Value: FixedWidthInteger {
  // SAFETY (section): eight bytes of a local variable; an integer is made of them by arithmetic, whatever type it is.

  /// The integer at the address, or number `index` of an array there. It need not be aligned.
  ///
  /// - Throws: `EFAULT`.
  @inline(__always)
  public func load(at index: Int = 0) throws(Errno) -> Value {
    let byteCount = Self.byteCount
    let address = try address(of: index, byteCount: byteCount)
    guard UserSpace.contains(address, byteCount: UInt64(byteCount)) else { throw .EFAULT }
    var word: UInt64 = 0
    guard unsafe UserAccess.copyIn(&word, from: address, count: byteCount) == 0 else { throw .EFAULT }
    return Value(truncatingIfNeeded: word)
  }

  /// Stores `value` at the address, or as number `index` of an array there. It need not be aligned.
  ///
  /// - Throws: `EFAULT`.
  @inline(__always)
  public func store(_ value: Value, at index: Int = 0) throws(Errno) {
    let byteCount = Self.byteCount
    let address = try address(of: index, byteCount: byteCount)
    guard UserSpace.contains(address, byteCount: UInt64(byteCount)) else { throw .EFAULT }
    var word = UInt64(truncatingIfNeeded: value)
    guard unsafe UserAccess.copyOut(&word, to: address, count: byteCount) == 0 else { throw .EFAULT }
  }

  @inline(__always)
  private static var byteCount: Int {
    precondition(Value.bitWidth <= 64, "no integer of the ABI is wider")
    return Value.bitWidth / 8
  }
}

extension UserPointer where Value: UserValue {
  // SAFETY (section): the buffer lives as long as the closure, has the bytes that are copied, and is filled before it is read.

  /// The value at the address, or number `index` of an array there. It need not be aligned.
  ///
  /// - Throws: `EFAULT`.
  public func load(at index: Int = 0) throws(Errno) -> Value {
    let count = Value.userByteCount
    let address = try address(of: index, byteCount: count)
    guard UserSpace.contains(address, byteCount: UInt64(count)) else { throw .EFAULT }
    let value: Value? = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { buffer in
      guard let start = buffer.baseAddress, unsafe UserAccess.copyIn(start, from: address, count: count) == 0
      else { return nil }
      return unsafe Value(userBytes: buffer.span)
    }
    guard let value else { throw .EFAULT }
    return value
  }

  /// Stores `value` at the address, or as number `index` of an array there. It need not be aligned.
  ///
  /// - Throws: `EFAULT`; part of the value may have been stored.
  public func store(_ value: Value, at index: Int = 0) throws(Errno) {
    let count = Value.userByteCount
    let address = try address(of: index, byteCount: count)
    guard UserSpace.contains(address, byteCount: UInt64(count)) else { throw .EFAULT }
    let left = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      unsafe start.initialize(repeating: 0, count: count)
      var bytes = unsafe buffer.mutableSpan
      value.write(toUserBytes: &bytes)
      return unsafe UserAccess.copyOut(start, to: address, count: count)
    }
    guard left == 0 else { throw .EFAULT }
  }
}
