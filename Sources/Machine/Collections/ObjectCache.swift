import Foundations
import PageFrames

/// A slab cache for objects of one type, which `/proc/slabinfo` shows by its name.
public struct ObjectCache<Value: ~Copyable>: Sendable {
  private let number: Int

  /// Makes a cache that lasts for ever.
  ///
  /// - Throws: `ENOMEM` when there are too many caches, `EINVAL` for a type that is larger than 8 KiB.
  public init(name: StaticString) throws(Errno) {
    guard MemoryLayout<Value>.size <= 8192 else { throw .EINVAL }
    let alignment = max(16, MemoryLayout<Value>.alignment)
    let number = ObjectHeap.addCache(
      name: name, objectSize: max(16, (MemoryLayout<Value>.stride + 15) & ~15), alignment: alignment)
    guard let number else { throw .ENOMEM }
    self.number = number
  }

  /// Puts `value` into an object of its own.
  ///
  /// - Throws: `ENOMEM`; `value` is dropped.
  @inline(__always)
  public func make(_ value: consuming Value) throws(Errno) -> OwnedObject<Value> {
    let address = ObjectHeap.allocate(number, byteCount: MemoryLayout<Value>.size, .user)
    // SAFETY: a nonzero address is that of a new object, large and aligned enough, which nobody else knows.
    guard let place = unsafe UnsafeMutablePointer<Value>(bitPattern: address) else { throw .ENOMEM }
    unsafe place.initialize(to: value)
    return unsafe OwnedObject(place)
  }
}

/// A value in a kernel object of its own; the object is freed with it.
@safe
public struct OwnedObject<Value: ~Copyable>: ~Copyable {
  // SAFETY (section): `place` is an initialized object that this value alone owns.
  private let place: UnsafeMutablePointer<Value>

  fileprivate init(_ place: UnsafeMutablePointer<Value>) { unsafe self.place = place }

  @inline(__always)
  deinit {
    unsafe place.deinitialize(count: 1)
    unsafe KernelHeap.release(UnsafeMutableRawPointer(place))
  }

  /// The value.
  public var value: Value {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) unsafeMutableAddress { unsafe place }
  }
}
