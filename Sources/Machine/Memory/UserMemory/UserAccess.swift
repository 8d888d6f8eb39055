import Boot
import PageFrames

/// The few ways in which programs' memory is touched; on the host, through the simulated CPU.
///
/// Addresses are checked by the callers: an access to the kernel's own memory would do what it says.
enum UserAccess {
  // SAFETY (section): the callers' program addresses lie in `UserSpace`, where only untyped memory is mapped; a fault that
  // nobody resolves ends the access at that byte. The kernel's side is a buffer that the caller has.

  /// Copies `count` bytes of a program's into `target` and returns how many were not copied.
  @inline(__always)
  static func copyIn(_ target: UnsafeMutableRawPointer, from source: UInt64, count: Int) -> Int {
    #if os(none)
      return apus_user_copy(UInt64(UInt(bitPattern: target)), source, count)
    #else
      return unsafe count
        - SimulatedProcessor.access(source, count: count, .read) { memory, offset, length in
          unsafe target.advanced(by: offset).copyMemory(from: memory, byteCount: length)
        }
    #endif
  }

  /// Copies `count` bytes into a program's memory and returns how many were not copied.
  @inline(__always)
  static func copyOut(_ source: UnsafeRawPointer, to target: UInt64, count: Int) -> Int {
    #if os(none)
      return apus_user_copy(target, UInt64(UInt(bitPattern: source)), count)
    #else
      return unsafe count
        - SimulatedProcessor.access(target, count: count, .write) { memory, offset, length in
          unsafe memory.copyMemory(from: source.advanced(by: offset), byteCount: length)
        }
    #endif
  }

  /// Fills `count` bytes of a program's memory with zeros and returns how many were not filled.
  @inline(__always)
  static func clear(_ target: UInt64, count: Int) -> Int {
    #if os(none)
      return apus_user_clear(target, count)
    #else
      return unsafe count
        - SimulatedProcessor.access(target, count: count, .write) { memory, _, length in
          unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: length)
        }
    #endif
  }

  /// Copies bytes up to a zero byte and returns how many came before it; `limit` when there was none among so many, nil when
  /// the string is not all there.
  @inline(__always)
  static func string(_ target: UnsafeMutableRawPointer, from source: UInt64, limit: Int) -> Int? {
    #if os(none)
      let length = unsafe apus_user_string(target, source, limit)
      return length < 0 ? nil : length
    #else
      for offset in 0..<limit {
        let byte = unsafe target.advanced(by: offset)
        guard unsafe copyIn(byte, from: source + UInt64(offset), count: 1) == 0 else { return nil }
        if unsafe byte.load(as: UInt8.self) == 0 { return offset }
      }
      return limit
    #endif
  }

  /// Stores the highest 16 bits of each of `count` words at their places in an array of such words, and returns how many were
  /// not stored.
  @inline(__always)
  static func storeHighest16(_ source: UnsafePointer<UInt64>, to target: UInt64, count: Int) -> Int {
    #if os(none)
      return unsafe apus_user_store_high16(target, source, count)
    #else
      for index in 0..<count {
        var bits = unsafe UInt16(truncatingIfNeeded: source[index] >> 48)
        guard unsafe copyOut(&bits, to: target + UInt64(index) * 8 + 6, count: 2) == 0 else { return count - index }
      }
      return 0
    #endif
  }

  /// Loads the aligned word at `address` in one access, or returns nil for a fault.
  @inline(__always)
  static func load32(_ address: UInt64) -> UInt32? {
    var value: UInt32 = 0
    #if os(none)
      return unsafe apus_user_load32(address, &value) == 0 ? value : nil
    #else
      return unsafe copyIn(&value, from: address, count: 4) == 0 ? value : nil
    #endif
  }

  /// Stores `desired` in the aligned word at `address` if it is `expected`, and returns what it was; nil for a fault.
  @inline(__always)
  static func compareExchange32(_ address: UInt64, expected: UInt32, desired: UInt32) -> UInt32? {
    var found = expected
    #if os(none)
      return unsafe apus_user_compare_exchange32(address, &found, desired) == 0 ? found : nil
    #else
      // A locked exchange is a write even when it does not change the word.
      let done = unsafe SimulatedProcessor.access(address, count: 4, .write) { memory, _, _ in
        found = unsafe memory.load(as: UInt32.self)
        if found == expected { unsafe memory.storeBytes(of: desired, as: UInt32.self) }
      }
      return done == 4 ? found : nil
    #endif
  }
}
