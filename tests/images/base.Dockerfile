# What debootstrap has made, as an image.
FROM scratch
ADD . /
