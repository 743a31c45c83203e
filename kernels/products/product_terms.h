// What a matrix product is made of: where its numbers are.
#pragma once

namespace innerloop {

template <class T>
struct Left {  // A[m][k] = data[m·row_stride + k·depth_stride]
  const T* data;
  int row_stride;
  int depth_stride;
};
template <class T>
struct
    Right {  // B[k][n] = data[k·depth_stride + n], in scratch memory; rows aligned to and padded to whole vectors
  const T* data;
  int depth_stride;
};
template <class T>
struct Term {
  Left<T> left;
  Right<T> right;
  int depth;
};
// Of a product's left and right side, and how they move along a direction.
template <class T>
struct TangentTerm {
  Left<T> left, moved;        // G, Ġ
  Right<T> right, direction;  // W, U, with rows equally far apart
  int depth;
};
template <class T>
struct
    Start {  // where the sums start, in scratch memory: data[m·row_stride + n]; stride 0: one row (a bias) for all
  const T* data;
  int row_stride;
};

}  // namespace innerloop
